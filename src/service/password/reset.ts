import type { Knex } from "knex";
import type { Logger } from "pino";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import { transaction } from "../../db/transaction.ts";
import { type EventRecorder, subjectOf } from "../../events/recorder.ts";
import type { Hasher } from "../../hashing/hasher.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { toSite } from "../../limits/network.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import { refuseWhenUnavailable } from "../availability.ts";
import type { Caller } from "../caller.ts";
import { isActive } from "../identity/account.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { placeOf } from "../place.ts";
import { type Result, refuse } from "../refusal.ts";
import type { SignedInAccount } from "../sessions/input.ts";
import { lockAccount } from "../sessions/lock.ts";
import type { ServiceSettings } from "../settings.ts";
import { claimForReader, deleteReplaced, lockAddress } from "../verification/claim.ts";
import { readToken, sentToken } from "../verification/pasted.ts";
import { recordVerified } from "../verification/record.ts";
import { supersedeOthers } from "../verification/verify.ts";
import { voidResetLinks } from "../verification/void-reset-links.ts";
import { resetInput } from "./input.ts";
import { setPassword } from "./set-password.ts";
import { findResetToken } from "./tokens.ts";

type LinkRefused = "token_unknown" | "token_expired" | "token_used";

type Refused = LinkRefused | "invalid_input" | "rate_limited" | "busy";

export type ResetDeps = {
  db: Knex;
  events: EventRecorder;
  hasher: Hasher;
  limiter: Limiter;
  settings: ServiceSettings;
  emailQueued: () => void;
  log: Logger;
  mutex: KeyedMutex<Result<SignedInAccount, Refused>>;
};

/** As the link's page describes it: one that nobody gets into has none. */
async function findAccount(db: Knex, id: number): Promise<User | undefined> {
  return User.query(db).findById(id).whereRaw(isActive("users"));
}

/** Whoever reads the mailbox has proved it: an address that was not verified is so now. */
async function apply(
  { db, events }: ResetDeps,
  { id, email_key }: User,
  { token, hashedPassword, network }: Record<"token" | "hashedPassword" | "network", string>,
): Promise<Result<User, LinkRefused>> {
  return transaction(db, async (trx) => {
    // Whatever else changes an account locks these in this order, and links only after: else two could wait for each other.
    await lockAddress(trx, email_key);
    const user = await lockAccount(trx, id);
    // Only now, for whoever had them locked may have used the link, or made it void.
    const found = await findResetToken(trx, token);
    if (!found.ok) return found;
    if (!user) return refuse({ code: "token_unknown" });
    const wasVerified = user.email_verified_at !== null;
    const owner = await claimForReader(trx, user);
    if (owner.id !== user.id) {
      await voidResetLinks(trx, user, owner);
      await deleteReplaced(trx, user);
    }
    const changed = await setPassword(trx, owner, hashedPassword, { network });
    if (!wasVerified) await recordVerified(trx, events, changed, user);
    await events.record(trx, "account.password_changed", subjectOf(changed));
    return ok(changed);
  });
}

async function useLink(
  deps: ResetDeps,
  token: string,
  input: unknown,
  caller: Caller,
): Promise<Result<SignedInAccount, Refused>> {
  const found = await findResetToken(deps.db, token);
  if (!found.ok) return found;
  const user = await findAccount(deps.db, found.value.userId);
  if (!user) return refuse({ code: "token_unknown" });
  const parsed = parseInput(resetInput(deps.settings.passwordMinLength, user.email), input);
  if (!parsed.ok) return countInvalid(deps.limiter, caller, parsed);
  const spent = await deps.limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const hashed = await deps.hasher.hash(parsed.value.password, caller.signal, placeOf(caller, "sign_in"));
  if (!hashed.ok) return hashed;
  const network = toSite(caller.ip);
  const set = await apply(deps, user, { token, hashedPassword: hashed.value, network });
  if (!set.ok) return set;
  const { id, email, email_key } = set.value;
  void supersedeOthers(deps, email_key);
  deps.emailQueued();
  return ok({ id, email, verified: true });
}

/**
 * Sets the password of the account whose mailbox a link was sent to. All its sessions end, nobody is signed in by it, and
 * of two who use it one does. A password that may not be one leaves the link as it was.
 */
export async function resetPassword(
  deps: ResetDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<SignedInAccount, Refused>> {
  const token = sentToken(input);
  if (token === undefined) return refuse({ code: "token_unknown" });
  // One after another, so that who comes late takes no hash.
  return deps.mutex(token, () => useLink(deps, token, input, caller));
}

export type DescribeReset = (link: string, caller: Caller) => Promise<Result<{ token: string; email: string }>>;

/** Tells whose password a link sets, and changes nothing. */
export function createDescribeReset(db: Knex, log: Logger): DescribeReset {
  const describe = async (link: string): Promise<Result<{ token: string; email: string }, LinkRefused>> => {
    const token = readToken(link);
    if (token === undefined) return refuse({ code: "token_unknown" });
    const found = await findResetToken(db, token);
    if (!found.ok) return found;
    const user = await findAccount(db, found.value.userId);
    return user ? ok({ token, email: user.email }) : refuse({ code: "token_unknown" });
  };
  return (link, caller) => refuseWhenUnavailable(log, caller, () => describe(link));
}
