import type { Knex } from "knex";
import type { Logger } from "pino";
import { SignUp } from "../../models/sign-up.ts";
import { ok } from "../../result.ts";
import { digestEach } from "../../secrets/digest.ts";
import { refuseWhenUnavailable } from "../availability.ts";
import type { Caller } from "../caller.ts";
import { type Result, refuse } from "../refusal.ts";
import { findOwnSignUp } from "./claim.ts";
import { readToken } from "./pasted.ts";
import { findToken } from "./tokens.ts";

export type VerificationLink = {
  token: string;
  email: string;
  signedUpAt: Date;
  /** Whether this link, or another of the same sign-up, was used. */
  alreadyVerified: boolean;
  /** Whether more than one password was asked for at the address. */
  hasCompetingSignUps: boolean;
  /** Whether it was opened elsewhere than in the browser of a sign-up of the address. */
  needsPassword: boolean;
};

/** Finds the sign-up of a link that still counts, or that was the one that counted. */
export async function findSignUpByToken(
  db: Knex,
  token: string,
): Promise<Result<SignUp, "token_unknown" | "token_expired" | "token_used">> {
  const found = await findToken(db, token);
  const signUp = found && (await SignUp.query(db).findById(found.signUpId));
  if (!signUp) return refuse({ code: "token_unknown" });
  if (signUp.outcome === "superseded") return refuse({ code: "token_used" });
  if (found.expired && signUp.outcome === null) return refuse({ code: "token_expired" });
  return ok(signUp);
}

/** Whether a browser made an open sign-up of the address that a link of a sign-up was sent to. */
export async function isOfBrowser(db: Knex, signUp: SignUp, { deviceSecrets }: Caller): Promise<boolean> {
  const hashes = digestEach(deviceSecrets);
  const { email_key } = signUp;
  const ofBrowser = await SignUp.query(db).where({ email_key }).whereIn("device_hash", hashes).orderBy("id");
  return findOwnSignUp(ofBrowser, signUp, deviceSecrets) !== undefined;
}

/** Whether another password was asked for at the address, from whatever browser. */
async function hasCompetingSignUps(db: Knex, { id, email_key }: SignUp): Promise<boolean> {
  const others = SignUp.query(db).where({ email_key }).whereNotNull("hashed_password").whereNot({ id });
  return (await others.select("id").first()) !== undefined;
}

async function describe(db: Knex, link: string, caller: Caller): Promise<Result<VerificationLink>> {
  const token = readToken(link);
  if (token === undefined) return refuse({ code: "token_unknown" });
  const found = await findSignUpByToken(db, token);
  if (!found.ok) return found;
  const { email, created_at: signedUpAt, outcome } = found.value;
  return ok({
    token,
    email,
    signedUpAt,
    alreadyVerified: outcome === "verified",
    hasCompetingSignUps: await hasCompetingSignUps(db, found.value),
    needsPassword: !(await isOfBrowser(db, found.value, caller)),
  });
}

export type DescribeLink = (link: string, caller: Caller) => Promise<Result<VerificationLink>>;

/** Tells what a token, a link or its query is about, and changes nothing. It refuses what `findSignUpByToken` does. */
export function createDescribeLink(db: Knex, log: Logger): DescribeLink {
  return (link, caller) => refuseWhenUnavailable(log, caller, () => describe(db, link, caller));
}
