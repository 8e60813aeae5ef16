import { createKeyedMutex } from "../../admission/keyed-mutex.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import type { Account } from "../identity/fields.ts";
import { guarded, type ProcedureDeps } from "../procedure.ts";
import type { Result } from "../refusal.ts";
import { type VerifyDeps, verifyEmail } from "../verification/verify.ts";
import { handOver } from "./hand-over.ts";
import { rememberBrowser, type SignInDeps } from "./sign-in.ts";
import { startTold } from "./start-told.ts";

export type VerifyAndSignIn = (input: unknown, caller: Caller) => Promise<Result<Account>>;

/**
 * Creates `auth.verifyEmail` as a page has it: who proved the mailbox, and the password or the browser of the sign-up, is
 * signed in. Not by a link that was used before: whoever finds an old email has proved no more than that.
 */
export function createVerifyAndSignIn(
  parts: Omit<VerifyDeps, "mutex"> & Omit<SignInDeps, "rehash"> & ProcedureDeps,
): VerifyAndSignIn {
  const deps: VerifyDeps & typeof parts = { ...parts, mutex: createKeyedMutex() };
  return guarded(deps, "auth.verifyEmail", async (input, caller) => {
    const verified = await verifyEmail(deps, input, caller);
    if (!verified.ok) return verified;
    const { account, emailKey, language, epoch } = verified.value;
    if (epoch === undefined) return ok(account);
    const { sessions } = deps.settings;
    const signedInAs = { ...account, email_key: emailKey, language, session_epoch: epoch };
    const session = await startTold(deps, signedInAs, "browser", caller, { isNoticed: false });
    if (!session) return ok(account);
    handOver(caller, sessions, { kind: "browser", account: { ...account, verified: true, deletesAt: null } }, session);
    rememberBrowser(deps.knownBrowsers, emailKey, caller);
    return ok(account);
  });
}
