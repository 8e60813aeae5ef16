import { setImmediate } from "node:timers/promises";
import type { Logger } from "pino";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import { transaction } from "../../db/transaction.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import type { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { asObject } from "../identity/fields.ts";
import { parsePassword } from "../identity/password.ts";
import { placeOf } from "../place.ts";
import { type Result, refuse } from "../refusal.ts";
import { claimAddress, type Proof, supersede, toVerified, type Verified } from "./claim.ts";
import { findSignUpByCode } from "./code.ts";
import { tokenInput } from "./input.ts";
import { findSignUpByToken } from "./link.ts";
import { type ProofDeps, proveByLink } from "./proof.ts";
import { recordVerified } from "./record.ts";
import { giveBackPasswordTry, spendTry } from "./tries.ts";

type Refused =
  | "token_unknown"
  | "token_expired"
  | "token_used"
  | "password_required"
  | "invalid_input"
  | "rate_limited"
  | "busy";

export type VerifyDeps = ProofDeps & {
  events: EventRecorder;
  log: Logger;
  mutex: KeyedMutex<Result<Verified, Refused>>;
};

/** After the answer, because strangers may have made any number of them. */
export async function supersedeOthers({ db, log }: Pick<VerifyDeps, "db" | "log">, emailKey: string): Promise<void> {
  try {
    while (await transaction(db, (trx) => supersede(trx, emailKey))) await setImmediate();
  } catch (fault) {
    log.warn({ err: fault }, "sign-ups of a verified address stay open until they expire");
  }
}

async function claim(deps: VerifyDeps, signUp: SignUp, proof: Proof, caller: Caller) {
  const { newDeviceSecret } = caller;
  const settings = { deviceSecret: newDeviceSecret, terms: deps.settings.terms !== undefined };
  const claimed = await transaction(deps.db, async (trx) => {
    const { verified, ...others } = await claimAddress(trx, signUp, proof, settings);
    if (verified) await recordVerified(trx, deps.events, verified.account, verified.before);
    return others;
  });
  if (claimed.openSignUps) void supersedeOthers(deps, signUp.email_key);
  if (claimed.result.ok && proof.kind === "browser") caller.keepDeviceSecrets([newDeviceSecret]);
  return claimed.result;
}

/** The link again: it changes nothing, so another new password than the account's must not seem to count. */
async function repeat(
  { db, hasher, limiter }: ProofDeps,
  signUp: SignUp,
  input: object,
  caller: Caller,
): Promise<Result<Verified, Refused>> {
  const user = await User.query(db).findOne({ id: signUp.user_id, email_key: signUp.email_key });
  if (!user) return refuse({ code: "token_used" });
  const account = ok(toVerified(user));
  if (!("newPassword" in input)) return account;
  const spent = await limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const typed = typeof input.newPassword === "string" ? input.newPassword : "";
  const password = parsePassword(typed, 1);
  // Or whoever reads an old email could find out the account's password.
  if (!password.ok || (await spendTry(db, signUp, "password_tries")) === undefined)
    return refuse({ code: "token_used" });
  const tried = { typed, nfc: password.value };
  const verified = await hasher.verify(tried, user.hashed_password, caller.signal, placeOf(caller, "sign_up"));
  if (!verified.ok || verified.value) await giveBackPasswordTry(db, signUp);
  if (!verified.ok) return verified;
  return verified.value ? account : refuse({ code: "token_used" });
}

async function useLink(
  deps: VerifyDeps,
  token: string,
  input: object,
  caller: Caller,
): Promise<Result<Verified, Refused>> {
  const signUp = await findSignUpByToken(deps.db, token);
  if (!signUp.ok) return signUp;
  if (signUp.value.outcome === "verified") return repeat(deps, signUp.value, input, caller);
  const proof = await proveByLink(deps, signUp.value, input, caller);
  if (!proof.ok) return proof;
  const claimed = await claim(deps, signUp.value, proof.value, caller);
  if (claimed.ok || proof.value.kind !== "new_password") return claimed;
  // Another instance may have been sent the same at the same moment.
  const again = await findSignUpByToken(deps.db, token);
  return again.ok && again.value.outcome === "verified" ? repeat(deps, again.value, input, caller) : claimed;
}

async function verifyByLink(deps: VerifyDeps, input: object, caller: Caller): Promise<Result<Verified, Refused>> {
  const { success, data } = tokenInput.safeParse(input);
  if (!success) return refuse({ code: "token_unknown" });
  // One after another, so that who sends the same twice, as by a double click, is answered twice and loses no tries.
  return deps.mutex(data.token, () => useLink(deps, data.token, input, caller));
}

async function verifyByCode(
  deps: VerifyDeps,
  input: object,
  caller: Caller,
): Promise<Result<Verified, Refused | "code_refused">> {
  const signUp = await findSignUpByCode(deps, input, caller);
  return signUp.ok
    ? claim(deps, signUp.value, { kind: "browser", deviceSecrets: caller.deviceSecrets }, caller)
    : signUp;
}

/**
 * Verifies an address. Whoever shows an email's token or code has read it, so the account is theirs; a link proves the
 * mailbox, not the password. @param input `{ code }`, in the browser of the sign-up; or `{ token }` there, and elsewhere
 * `{ token, password }` with the sign-up's or `{ token, newPassword }`. @returns the account, again where it was verified
 * so before.
 */
export async function verifyEmail(
  deps: VerifyDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<Verified, Refused | "code_refused">> {
  const sent = asObject(input);
  return "token" in sent ? verifyByLink(deps, sent, caller) : verifyByCode(deps, sent, caller);
}
