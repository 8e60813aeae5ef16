import type { TypedPassword } from "../../hashing/password-hash.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { type Result, refuse } from "../refusal.ts";
import type { ServiceSettings } from "../settings.ts";
import { type CheckPasswordDeps, checkOwnPassword } from "./check-password.ts";
import type { LiveSession } from "./live.ts";

type Refused = "reauthentication_required" | "not_signed_in" | "invalid_credentials" | "rate_limited" | "busy";

/**
 * Has somebody who is signed in prove that it is still them (ASVS 7.5.1, 7.5.3): by an authentication of the last minutes, or
 * by the password, which then counts for what it came with alone.
 */
export async function requireRecent(
  deps: CheckPasswordDeps & { settings: Pick<ServiceSettings, "reauthenticationMinutes"> },
  session: LiveSession,
  password: TypedPassword | undefined,
  caller: Caller,
): Promise<Result<void, Refused>> {
  if (password) {
    const checked = await checkOwnPassword(deps, session, password, caller);
    return checked.ok ? ok(undefined) : checked;
  }
  const isRecent = session.secondsSinceAuthentication < 60 * deps.settings.reauthenticationMinutes;
  return isRecent ? ok(undefined) : refuse({ code: "reauthentication_required", methods: ["password"] });
}
