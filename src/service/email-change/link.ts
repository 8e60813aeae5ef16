import type { Knex } from "knex";
import type { Logger } from "pino";
import { EmailChange } from "../../models/email-change.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import { refuseWhenUnavailable } from "../availability.ts";
import type { Caller } from "../caller.ts";
import { isActive } from "../identity/account.ts";
import { type Result, refuse } from "../refusal.ts";
import type { FindSession } from "../sessions/live.ts";
import { readToken } from "../verification/pasted.ts";
import { findChange, type LinkRefused, UNDO_HOURS } from "./tokens.ts";

/** Finds a change that may be made: no other was asked for since, no password changed, and nobody signed out everywhere. */
export async function findOpenChange(db: Knex, token: string): Promise<Result<EmailChange, LinkRefused>> {
  const found = await findChange(db, "confirm", token);
  if (!found.ok) return found;
  const { user_id, epoch, outcome } = found.value;
  if (outcome !== null) return refuse({ code: "token_used" });
  const user = await User.query(db).findById(user_id).whereRaw(isActive("users"));
  if (!user) return refuse({ code: "token_unknown" });
  return user.session_epoch === epoch ? found : refuse({ code: "token_used" });
}

const UNDO_MS = UNDO_HOURS * 60 * 60 * 1000;

/**
 * Whether the account went back to an address that it had before a change, while that mailbox could still undo what came
 * since. Or whoever took an account, and whose address its owner changed back, would have it again by a link of theirs.
 */
async function wentBack(db: Knex, { id, user_id, old_email_key }: EmailChange): Promise<boolean> {
  const made = await EmailChange.query(db).where({ user_id, outcome: "done" });
  const timeOf = ({ changed_at }: EmailChange) => changed_at?.getTime() ?? 0;
  const before = made.filter((one) => one.id < id && one.old_email_key !== old_email_key);
  const since = made.filter((one) => one.id >= id);
  return since.some((back) =>
    before.some((left) => left.old_email_key === back.new_email_key && timeOf(back) - timeOf(left) < UNDO_MS),
  );
}

/** A change that may be undone, with those that were asked for after it: whoever made the first made them. */
export type Undoable = { change: EmailChange; isMade: boolean };

export async function findUndoable(db: Knex, token: string): Promise<Result<Undoable, LinkRefused>> {
  const found = await findChange(db, "undo", token);
  if (!found.ok) return found;
  const { id, user_id, outcome } = found.value;
  if (outcome === "cancelled" || outcome === "undone") return refuse({ code: "token_used" });
  const since = await EmailChange.query(db).where({ user_id }).where("id", ">=", id).select("outcome");
  const isMade = since.some((change) => change.outcome === "done");
  const isLive = isMade || since.some((change) => change.outcome === null);
  if (!isLive || (await wentBack(db, found.value))) return refuse({ code: "token_used" });
  const isThere = await User.query(db).findById(user_id).whereRaw(isActive("users")).select("id");
  return isThere ? ok({ change: found.value, isMade }) : refuse({ code: "token_unknown" });
}

export type EmailChangeLink = { token: string; email: string };

/** Finds the address that whoever is signed in asked for, where that may still come. */
async function findPending(
  db: Knex,
  findSession: FindSession,
  { credential }: Caller,
): Promise<Result<string | undefined, never>> {
  const session = await findSession(credential());
  if (!session) return ok(undefined);
  const change = await EmailChange.query(db)
    .where({ user_id: session.account.id, outcome: null })
    .where("epoch", User.query(db).findById(session.account.id).select("session_epoch"))
    .first();
  return ok(change?.new_email);
}

export type DescribeEmailChange = {
  pending(caller: Caller): Promise<Result<string | undefined>>;
  confirm(link: string, caller: Caller): Promise<Result<EmailChangeLink>>;
  undo(link: string, caller: Caller): Promise<Result<EmailChangeLink & { isMade: boolean }>>;
};

/** Creates what tells which address a link is about, and changes nothing: the one whose mailbox the link was sent to. */
export function createDescribeEmailChange(db: Knex, log: Logger, findSession: FindSession): DescribeEmailChange {
  async function describe<T>(
    link: string,
    find: (token: string) => Promise<Result<T, LinkRefused>>,
  ): Promise<Result<T & { token: string }, LinkRefused>> {
    const token = readToken(link);
    if (token === undefined) return refuse({ code: "token_unknown" });
    const found = await find(token);
    return found.ok ? ok({ ...found.value, token }) : found;
  }
  const confirm = async (token: string) => {
    const found = await findOpenChange(db, token);
    return found.ok ? ok({ email: found.value.new_email }) : found;
  };
  const undo = async (token: string) => {
    const found = await findUndoable(db, token);
    return found.ok ? ok({ email: found.value.change.old_email, isMade: found.value.isMade }) : found;
  };
  return {
    pending: (caller) => refuseWhenUnavailable(log, caller, () => findPending(db, findSession, caller)),
    confirm: (link, caller) => refuseWhenUnavailable(log, caller, () => describe(link, confirm)),
    undo: (link, caller) => refuseWhenUnavailable(log, caller, () => describe(link, undo)),
  };
}
