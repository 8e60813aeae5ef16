import { createKeyedMutex } from "../../admission/keyed-mutex.ts";
import { type ProcedureDeps, procedure } from "../procedure.ts";
import { signedInAccount } from "../sessions/input.ts";
import { emailRequested } from "../verification/input.ts";
import { type ConfirmDeps, confirmEmailChange } from "./confirm.ts";
import { emailChangeInput, linkInput } from "./input.ts";
import { type RequestEmailChangeDeps, requestEmailChange } from "./request.ts";
import { type UndoDeps, undoEmailChange } from "./undo.ts";

export type EmailChangeParts = RequestEmailChangeDeps & Omit<ConfirmDeps & UndoDeps, "mutex"> & ProcedureDeps;

export function emailChangeProcedures(parts: EmailChangeParts) {
  const confirm: ConfirmDeps = { ...parts, mutex: createKeyedMutex() };
  const undo: UndoDeps = { ...parts, mutex: createKeyedMutex() };
  return {
    requestEmailChange: procedure(parts, {
      name: "auth.requestEmailChange",
      type: "mutation",
      path: "/account/email",
      summary: "Ask for another address",
      input: emailChangeInput(parts.settings.policy),
      output: emailRequested,
      success: { status: 202, description: "An email is on its way there, and one to the address of now." },
      refusals: [
        ...(["not_signed_in", "reauthentication_required", "invalid_input"] as const),
        ...(["invalid_credentials", "rate_limited", "busy"] as const),
      ],
      run: (input, caller) => requestEmailChange(parts, input, caller),
    }),
    confirmEmailChange: procedure(parts, {
      name: "auth.confirmEmailChange",
      type: "mutation",
      path: "/account/email/confirm",
      summary: "Change the address, by the link of an email that was sent there",
      input: linkInput,
      output: signedInAccount,
      success: { status: 200, description: "The account has the address. Nobody is signed in by it." },
      refusals: ["token_unknown", "token_expired", "token_used", "email_taken", "rate_limited"],
      sets: "knownCookie",
      run: (input, caller) => confirmEmailChange(confirm, input, caller),
    }),
    undoEmailChange: procedure(parts, {
      name: "auth.undoEmailChange",
      type: "mutation",
      path: "/account/email/undo",
      summary: "Have the address before back, by the link of an email that was sent there",
      input: linkInput,
      output: signedInAccount,
      success: {
        status: 200,
        description:
          "Nothing is changed. If it was, all sessions have ended, and a link to set a password is on its way.",
      },
      refusals: ["token_unknown", "token_expired", "token_used", "email_taken", "rate_limited"],
      run: (input, caller) => undoEmailChange(undo, input, caller),
    }),
  };
}
