import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { type Result, refuse } from "../refusal.ts";
import type { ServiceSettings } from "../settings.ts";
import { type CheckPasswordDeps, checkPassword } from "./check-password.ts";
import { dueTerms } from "./due-terms.ts";
import { handOver } from "./hand-over.ts";
import { type SignInOutput, signInInput } from "./input.ts";
import type { KnownBrowsers } from "./known-browser.ts";
import type { Rehash } from "./rehash.ts";
import { type StartDeps, startTold } from "./start-told.ts";

export type SignInDeps = CheckPasswordDeps &
  StartDeps & {
    settings: ServiceSettings;
    knownBrowsers: KnownBrowsers;
    rehash: Rehash;
    emailQueued: () => void;
  };

type Refused = "invalid_input" | "invalid_credentials" | "email_not_verified" | "rate_limited" | "busy";

/** The browser's proof for the address comes first, so that the cookie forgets others sooner. */
export function rememberBrowser(knownBrowsers: KnownBrowsers, emailKey: string, caller: Caller): void {
  const { knownProofs } = caller;
  const proof = knownBrowsers.find(knownProofs, emailKey)?.proof ?? knownBrowsers.prove(emailKey);
  caller.keepKnownProofs([proof, ...knownProofs.filter((other) => other !== proof)]);
}

/**
 * Signs somebody in: the cookie of a session for a browser, a token for whoever asks for one. The refusal of an unknown
 * address and of a wrong password are one, and take the same work.
 */
export async function signIn(deps: SignInDeps, input: unknown, caller: Caller): Promise<Result<SignInOutput, Refused>> {
  const parsed = parseInput(signInInput, input);
  if (!parsed.ok) return countInvalid(deps.limiter, caller, parsed);
  const { email, password, keep, as } = parsed.value;
  if (caller.isOfOtherOrigin && as !== "bearer")
    return refuse({ code: "invalid_input", fields: [{ field: "as", message: { key: "as.other_origin" } }] });

  const knownBy = deps.knownBrowsers.find(caller.knownProofs, email.key)?.id;
  const checked = await checkPassword(deps, { emailKey: email.key, password, caller, knownBy });
  if (!checked.ok) return checked;
  const account = checked.value;
  // Only who knows the password is told.
  if (!account.verified) return refuse({ code: "email_not_verified" });

  const kind = as ?? (keep ? "kept" : "browser");
  const { sessions, noticeNewSignIn } = deps.settings;
  const isNoticed = noticeNewSignIn && knownBy === undefined;
  const session = await startTold(deps, { ...account, email_key: email.key }, kind, caller, { isNoticed });
  if (!session) return refuse({ code: "invalid_credentials" });
  if (isNoticed) deps.emailQueued();
  deps.rehash(account, password);
  const termsDue = await dueTerms(deps.db, deps.settings.terms, account.id);
  const signedIn = handOver(caller, sessions, { kind, account: { ...account, termsDue } }, session);
  if (!as) rememberBrowser(deps.knownBrowsers, email.key, caller);
  return ok(signedIn);
}
