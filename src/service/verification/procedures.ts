import { z } from "zod";
import { createKeyedMutex } from "../../admission/keyed-mutex.ts";
import { ok } from "../../result.ts";
import { account } from "../identity/fields.ts";
import { type ProcedureDeps, procedure } from "../procedure.ts";
import { codeInput, emailRequest, emailRequested, newPasswordInput, passwordInput, tokenInput } from "./input.ts";
import { type ResendDeps, resendVerification } from "./resend.ts";
import { type VerifyDeps, verifyEmail } from "./verify.ts";

export function verificationProcedures(parts: Omit<VerifyDeps, "mutex"> & ResendDeps & ProcedureDeps) {
  const deps: VerifyDeps & ResendDeps & ProcedureDeps = { ...parts, mutex: createKeyedMutex() };
  return {
    verifyEmail: procedure(deps, {
      name: "auth.verifyEmail",
      type: "mutation",
      path: "/verify",
      summary: "Verify an address by a link's token, or by the code beside it",
      input: z.union([
        tokenInput.extend(newPasswordInput(deps.settings.passwordMinLength).shape),
        tokenInput.extend(passwordInput.partial().shape),
        codeInput,
      ]),
      output: account,
      success: { status: 200, description: "The address is verified." },
      refusals: [
        "token_unknown",
        "token_expired",
        "token_used",
        "password_required",
        "code_refused",
        "invalid_input",
        "rate_limited",
        "busy",
      ],
      sets: "deviceCookie",
      run: async (input, caller) => {
        const verified = await verifyEmail(deps, input, caller);
        return verified.ok ? ok(verified.value.account) : verified;
      },
    }),
    resendVerification: procedure(deps, {
      name: "auth.resendVerification",
      type: "mutation",
      path: "/verify/resend",
      summary: "Ask for a new email",
      input: emailRequest,
      output: emailRequested,
      success: { status: 202, description: "If there is something to verify, an email is on its way." },
      refusals: ["invalid_input", "rate_limited"],
      run: (input, caller) => resendVerification(deps, input, caller),
    }),
  };
}
