import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { countInvalid } from "../invalid-input.ts";
import { type Result, refuse } from "../refusal.ts";
import { checkOwnPassword } from "./check-password.ts";
import { handOver } from "./hand-over.ts";
import { reauthenticateInput, type SignInOutput } from "./input.ts";
import type { FindSession } from "./live.ts";
import { renewSession } from "./renew.ts";
import type { SignInDeps } from "./sign-in.ts";

type Refused = "not_signed_in" | "invalid_input" | "invalid_credentials" | "rate_limited" | "busy";

/**
 * Has somebody who is signed in prove the password again. The session gets another token, so that one that was stolen
 * before opens nothing after.
 */
export async function reauthenticate(
  deps: SignInDeps & { findSession: FindSession },
  input: unknown,
  caller: Caller,
): Promise<Result<SignInOutput, Refused>> {
  const session = await deps.findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const parsed = parseInput(reauthenticateInput, input);
  if (!parsed.ok) return countInvalid(deps.limiter, caller, parsed);
  const { password } = parsed.value;

  const checked = await checkOwnPassword(deps, session, password, caller);
  if (!checked.ok) return checked;
  const { sessions } = deps.settings;
  const renewed = await renewSession(deps.db, sessions, session);
  if (!renewed) return refuse({ code: "not_signed_in" });
  deps.rehash(checked.value, password);
  return ok(handOver(caller, sessions, session, renewed));
}
