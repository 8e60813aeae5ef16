import { createKeyedMutex } from "../../admission/keyed-mutex.ts";
import { type ProcedureDeps, procedure } from "../procedure.ts";
import { signedInAccount, signInOutput } from "../sessions/input.ts";
import { emailRequest, emailRequested } from "../verification/input.ts";
import { type ChangeDeps, changePassword } from "./change.ts";
import { changeInput, resetInput } from "./input.ts";
import { type RequestResetDeps, requestReset } from "./request-reset.ts";
import { type ResetDeps, resetPassword } from "./reset.ts";

export type PasswordParts = Omit<ResetDeps, "mutex"> & RequestResetDeps & ChangeDeps & ProcedureDeps;

export function passwordProcedures(parts: PasswordParts) {
  const { passwordMinLength } = parts.settings;
  const deps: PasswordParts & ResetDeps = { ...parts, mutex: createKeyedMutex() };
  return {
    requestPasswordReset: procedure(deps, {
      name: "auth.requestPasswordReset",
      type: "mutation",
      path: "/reset",
      summary: "Ask for an email that lets its reader set a new password",
      input: emailRequest,
      output: emailRequested,
      success: { status: 202, description: "If there is such an account, an email is on its way." },
      refusals: ["invalid_input", "rate_limited"],
      run: (input, caller) => requestReset(deps, input, caller),
    }),
    resetPassword: procedure(deps, {
      name: "auth.resetPassword",
      type: "mutation",
      path: "/reset/confirm",
      summary: "Set a new password by the link of an email",
      input: resetInput(passwordMinLength),
      output: signedInAccount,
      success: { status: 200, description: "The password is set, all sessions have ended, and nobody is signed in." },
      refusals: [
        ...(["token_unknown", "token_expired", "token_used"] as const),
        ...(["invalid_input", "rate_limited", "busy"] as const),
      ],
      run: (input, caller) => resetPassword(deps, input, caller),
    }),
    changePassword: procedure(deps, {
      name: "auth.changePassword",
      type: "mutation",
      path: "/account/password",
      summary: "Change the password",
      input: changeInput(passwordMinLength),
      output: signInOutput,
      success: {
        status: 200,
        description: "Changed. All other sessions have ended; this one has another cookie or token.",
      },
      refusals: ["not_signed_in", "invalid_input", "invalid_credentials", "rate_limited", "busy"],
      sets: "sessionCookie",
      run: (input, caller) => changePassword(deps, input, caller),
    }),
  };
}
