import type { Knex } from "knex";
import { raw } from "objection";
import type { Limiter } from "../../limits/limiter.ts";
import { SignUp } from "../../models/sign-up.ts";
import { ok } from "../../result.ts";
import { digestEach } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import { type Result, refuse } from "../refusal.ts";
import type { ServiceSettings } from "../settings.ts";
import { codeInput } from "./input.ts";
import { isLiveCode } from "./tokens.ts";
import { spendTry } from "./tries.ts";

/**
 * Finds the sign-up that a code verifies. A guess names the one sign-up that gave the browser its secret. It counts also
 * where the sign-up is closed, or had too many guesses with others of its address: to tell those apart would tell of
 * others.
 */
export async function findSignUpByCode(
  { db, limiter, settings }: { db: Knex; limiter: Limiter; settings: Pick<ServiceSettings, "unverifiedDays"> },
  input: object,
  { ip, deviceSecrets }: Caller,
): Promise<Result<SignUp, "code_refused" | "rate_limited">> {
  const { success, data } = codeInput.safeParse(input);
  const spent = await limiter.spend({ ip });
  if (!spent.ok) return spent;
  if (!success) return refuse({ code: "code_refused" });
  const signUp = await SignUp.query(db)
    .whereIn("device_hash", digestEach(deviceSecrets))
    // An older one is there only if its address was sent an email since, which others may have asked for.
    .where("created_at", ">", raw("now() - make_interval(days => ?)", [settings.unverifiedDays]))
    .orderBy("id", "desc")
    .first();
  const triesLeft = signUp && (await spendTry(db, signUp, "code_tries"));
  if (!signUp || triesLeft === undefined) return refuse({ code: "code_refused", triesLeft: 0 });
  const guess = await limiter.spendGuess(signUp.email_key);
  if (guess.tooMany === "of_all") return refuse({ code: "code_refused", triesLeft: 0 });
  const isRight = await isLiveCode(db, data.code, signUp.id);
  if (!isRight || guess.tooMany) return refuse({ code: "code_refused", triesLeft });
  await guess.giveBack();
  return ok(signUp);
}
