import { createKeyedMutex } from "../../admission/keyed-mutex.ts";
import { createThrottle } from "../../admission/throttle.ts";
import { createBatchedAccountState } from "../identity/account.ts";
import { account } from "../identity/fields.ts";
import { type ProcedureDeps, procedure } from "../procedure.ts";
import { registrationInput } from "./input.ts";
import { type RegistrationDeps, register } from "./register.ts";

/** While the queue is full, clients that retry at once must not take the processor from admitted registrations. */
const LOOKUPS_PER_SECOND = 100;

export type RegistrationParts = ProcedureDeps &
  Pick<RegistrationDeps, "db" | "events" | "hasher" | "limiter" | "settings" | "emailQueued">;

export function registrationProcedures(parts: RegistrationParts) {
  const schema = registrationInput(parts.settings);
  const deps: RegistrationDeps = {
    ...parts,
    schema,
    mutex: createKeyedMutex(),
    throttle: createThrottle(LOOKUPS_PER_SECOND),
    batchedAccountState: createBatchedAccountState(parts.db),
  };
  return {
    register: procedure(parts, {
      name: "auth.register",
      type: "mutation",
      path: "/register",
      summary: "Create an account",
      input: schema,
      output: account,
      success: { status: 201, description: "The account exists; in discreet mode, once its address is verified." },
      refusals: ["invalid_input", "email_taken", "registration_closed", "rate_limited", "busy"],
      sets: "deviceCookie",
      run: (input, caller) => register(deps, input, caller),
    }),
  };
}
