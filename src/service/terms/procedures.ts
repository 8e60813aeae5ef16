import { type ProcedureDeps, procedure } from "../procedure.ts";
import { signedInAccount } from "../sessions/input.ts";
import { type AcceptDeps, acceptTerms, acceptTermsInput } from "./accept.ts";

export type TermsParts = AcceptDeps & ProcedureDeps;

export function termsProcedures(deps: TermsParts) {
  return {
    acceptTerms: procedure(deps, {
      name: "auth.acceptTerms",
      type: "mutation",
      path: "/account/terms",
      summary: "Agree to the terms that are due",
      input: acceptTermsInput(deps.settings.terms),
      output: signedInAccount,
      success: { status: 200, description: "The acceptance is kept, and nothing is due." },
      refusals: ["not_signed_in", "invalid_input"],
      run: (input, caller) => acceptTerms(deps, input, caller),
    }),
  };
}
