import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import { toSite } from "../../limits/network.ts";
import { EmailChange } from "../../models/email-change.ts";
import type { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { type Result, refuse } from "../refusal.ts";
import type { CheckPasswordDeps } from "../sessions/check-password.ts";
import { emailAccount } from "../sessions/email-account.ts";
import type { FindSession } from "../sessions/live.ts";
import { lockOwnAccount } from "../sessions/lock.ts";
import { requireRecent } from "../sessions/require-recent.ts";
import type { ServiceSettings } from "../settings.ts";
import type { EmailRequested } from "../verification/input.ts";
import { emailChangeInput } from "./input.ts";

type Refused =
  | "not_signed_in"
  | "reauthentication_required"
  | "invalid_input"
  | "invalid_credentials"
  | "rate_limited"
  | "busy";

export type RequestEmailChangeDeps = CheckPasswordDeps & {
  settings: ServiceSettings;
  findSession: FindSession;
  emailQueued: () => void;
};

/** Only the newest counts. @returns the change, with nothing told to anybody yet. */
async function openChange(trx: Knex, user: User, { email, key }: EmailAddress): Promise<EmailChange> {
  await EmailChange.query(trx).where({ user_id: user.id }).whereNull("outcome").patch({ outcome: "superseded" });
  return EmailChange.query(trx)
    .insert({
      user_id: user.id,
      epoch: user.session_epoch,
      old_email: user.email,
      old_email_key: user.email_key,
      new_email: email,
      new_email_key: key,
    })
    .returning("*");
}

/** What each of the two mailboxes is told is decided when it is sent. So neither answer nor time tells whose address it is. */
async function tellBoth(trx: Knex, user: User, change: EmailChange, network: string): Promise<void> {
  const { id, new_email: email, new_email_key: email_key } = change;
  const about = { network, details: { changeId: id } };
  const key = `email change ${id}`;
  await emailAccount(trx, { ...user, email, email_key }, { ...about, purpose: "email_change", key });
  await emailAccount(trx, user, { ...about, purpose: "email_change_notice", key: `${key} asked` });
}

/**
 * Asks for another address for the account of whoever is signed in. Its mailbox decides; the one of now is told at once.
 * @param input `{ email }`, with `password` where the last authentication is too long ago.
 */
export async function requestEmailChange(
  deps: RequestEmailChangeDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<EmailRequested, Refused>> {
  const { db, limiter, settings, findSession, emailQueued } = deps;
  const session = await findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const parsed = parseInput(emailChangeInput(settings.policy), input);
  if (!parsed.ok) return countInvalid(limiter, caller, parsed);
  const { email, password } = parsed.value;
  const recent = await requireRecent(deps, session, password, caller);
  if (!recent.ok) return recent;
  if (email.email === session.account.email)
    return refuse({ code: "invalid_input", fields: [{ field: "email", message: { key: "email.same" } }] });
  const spent = await limiter.spend({ ip: caller.ip, emailKey: email.key });
  if (!spent.ok) return spent;

  const isAsked = await transaction(db, async (trx) => {
    const user = await lockOwnAccount(trx, session);
    if (user) await tellBoth(trx, user, await openChange(trx, user, email), toSite(caller.ip));
    return user !== undefined;
  });
  if (!isAsked) return refuse({ code: "not_signed_in" });
  emailQueued();
  return ok({ email: email.email });
}
