import type { Knex } from "knex";
import { raw } from "objection";
import { Session } from "../../models/session.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { asObject } from "../identity/fields.ts";
import { type Result, refuse } from "../refusal.ts";
import { HANDLE_LENGTH, isHandle, toHandle } from "./handle.ts";
import { endSessionInput } from "./input.ts";
import type { FindSession } from "./live.ts";

/** Ends one session of the caller's account, by its handle. */
export async function endSession(
  { db, findSession }: { db: Knex; findSession: FindSession },
  input: unknown,
  caller: Caller,
): Promise<Result<void, "not_signed_in" | "session_unknown">> {
  const own = await findSession(caller.credential());
  if (!own) return refuse({ code: "not_signed_in" });
  const { success, data } = endSessionInput.safeParse(asObject(input));
  if (!success || !isHandle(data.handle)) return refuse({ code: "session_unknown" });
  const ended = await Session.query(db)
    .where({ user_id: own.account.id })
    .where(raw("left(token_hash, ?)", [HANDLE_LENGTH]), data.handle)
    .delete();
  if (ended === 0) return refuse({ code: "session_unknown" });
  if (data.handle === toHandle(own.tokenHash)) caller.forgetSession();
  return ok(undefined);
}
