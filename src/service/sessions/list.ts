import type { Knex } from "knex";
import { raw } from "objection";
import { Session } from "../../models/session.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { describeDevice } from "../identity/device.ts";
import { type Result, refuse } from "../refusal.ts";
import { toHandle } from "./handle.ts";
import type { SessionsOutput } from "./input.ts";
import { type FindSession, IS_LIVE } from "./live.ts";

const MOST_LISTED = 100;

function deviceOf(userAgent: string) {
  const device = describeDevice(userAgent);
  return { browser: device ? `${device.browser} on ${device.system}` : null, device: device ?? null };
}

/** Lists the live sessions of the caller's account, the one used last first. */
export async function listSessions(
  { db, findSession }: { db: Knex; findSession: FindSession },
  caller: Caller,
): Promise<Result<SessionsOutput, "not_signed_in">> {
  const own = await findSession(caller.credential());
  if (!own) return refuse({ code: "not_signed_in" });
  const sessions = await Session.query(db)
    .alias("s")
    .join(User.query(db).where({ id: own.account.id }).as("u"), "u.id", "s.user_id")
    .where(raw(IS_LIVE))
    .orderBy("s.last_seen_at", "desc")
    .limit(MOST_LISTED)
    .select("s.*");
  return ok(
    sessions.map((session) => ({
      handle: toHandle(session.token_hash),
      current: session.id === own.id,
      createdAt: session.created_at.toISOString(),
      lastSeenAt: session.last_seen_at.toISOString(),
      ip: session.ip,
      ...deviceOf(session.user_agent),
    })),
  );
}
