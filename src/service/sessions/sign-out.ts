import type { Knex } from "knex";
import { getSchema } from "../../db/schema.ts";
import { Session } from "../../models/session.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import type { Result } from "../refusal.ts";
import { signOutInput } from "./input.ts";
import type { FindSession, LiveSession } from "./live.ts";

export type SignOutDeps = { db: Knex; findSession: FindSession };

/**
 * Ends all sessions of an account at once, at all instances, and those that begin at this moment: their epoch is over.
 * Nobody can whose own session another ended first.
 */
const END_ALL = `
  with ended as (
    update :users: u set session_epoch = u.session_epoch + 1 from :sessions: s
    where s.id = :id and u.id = s.user_id and u.session_epoch = s.epoch returning u.id, u.session_epoch
  ), others as (
    delete from :sessions: s using ended where s.user_id = ended.id and not (:keep and s.id = :id)
  )
  update :sessions: s set epoch = ended.session_epoch from ended where :keep and s.id = :id`;

async function endAll(db: Knex, { id }: LiveSession, keepOwn: boolean) {
  const schema = getSchema(db);
  await db.raw(END_ALL, { users: `${schema}.users`, sessions: `${schema}.sessions`, id, keep: keepOwn });
}

/** Signs out here, elsewhere or everywhere. Where there is no session, there is nothing to do, and it is no error. */
export async function signOut(
  { db, findSession }: SignOutDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<void, "invalid_input">> {
  const parsed = parseInput(signOutInput, input);
  if (!parsed.ok) return parsed;
  const { scope } = parsed.value;
  const session = await findSession(caller.credential());
  if (session && scope === "this") await Session.query(db).deleteById(session.id);
  if (session && scope !== "this") await endAll(db, session, scope === "others");
  if (scope !== "others") caller.forgetSession();
  return ok(undefined);
}
