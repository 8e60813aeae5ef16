import type { Knex } from "knex";
import type { Hasher } from "../../hashing/hasher.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { SignUp } from "../../models/sign-up.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { parsePassword } from "../identity/password.ts";
import { countInvalid } from "../invalid-input.ts";
import { placeOf } from "../place.ts";
import { type Result, refuse } from "../refusal.ts";
import type { ServiceSettings } from "../settings.ts";
import type { Proof } from "./claim.ts";
import { newPasswordInput, passwordInput } from "./input.ts";
import { isOfBrowser } from "./link.ts";
import { giveBackPasswordTry, spendTry } from "./tries.ts";

export type ProofDeps = { db: Knex; hasher: Hasher; limiter: Limiter; settings: ServiceSettings };

type Refused = "token_unknown" | "password_required" | "invalid_input" | "rate_limited" | "busy";

async function proveByNewPassword(
  { hasher, limiter, settings }: ProofDeps,
  { email }: SignUp,
  input: object,
  caller: Caller,
): Promise<Result<Proof, Refused>> {
  const parsed = parseInput(newPasswordInput(settings.passwordMinLength, email), input);
  if (!parsed.ok) return countInvalid(limiter, caller, parsed);
  const spent = await limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const hashed = await hasher.hash(parsed.value.newPassword, caller.signal, placeOf(caller, "sign_up"));
  return hashed.ok ? ok({ kind: "new_password", hashedPassword: hashed.value }) : hashed;
}

async function proveByPassword(
  { db, hasher, limiter }: ProofDeps,
  signUp: SignUp,
  typed: string,
  caller: Caller,
): Promise<Result<Proof, Refused>> {
  const { hashed_password } = signUp;
  const spent = await limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const triesLeft = await spendTry(db, signUp, "password_tries");
  if (triesLeft === undefined) {
    const isThere = await SignUp.query(db).findById(signUp.id).select("id");
    return isThere ? refuse({ code: "password_required", triesLeft: 0 }) : refuse({ code: "token_unknown" });
  }
  // What can be nobody's password needs no hash.
  const password = parsePassword(typed, 1);
  if (!password.ok || hashed_password === null) return refuse({ code: "password_required", triesLeft });
  const tried = { typed, nfc: password.value };
  const verified = await hasher.verify(tried, hashed_password, caller.signal, placeOf(caller, "sign_up"));
  if (!verified.ok) {
    await giveBackPasswordTry(db, signUp);
    return verified;
  }
  return verified.value
    ? ok({ kind: "password", hashedPassword: hashed_password })
    : refuse({ code: "password_required", triesLeft });
}

/**
 * Finds out whose password an address gets with a link, which proves the mailbox alone: the one of this browser's own
 * sign-up; or elsewhere that of the link's sign-up, if it is known here; or a new one.
 */
export async function proveByLink(
  deps: ProofDeps,
  signUp: SignUp,
  input: object,
  caller: Caller,
): Promise<Result<Proof, Refused>> {
  if ("newPassword" in input) return proveByNewPassword(deps, signUp, input, caller);
  const { deviceSecrets } = caller;
  if (deviceSecrets.length > 0 && (await isOfBrowser(deps.db, signUp, caller)))
    return ok({ kind: "browser", deviceSecrets });
  const { success, data } = passwordInput.safeParse(input);
  return success ? proveByPassword(deps, signUp, data.password, caller) : refuse({ code: "password_required" });
}
