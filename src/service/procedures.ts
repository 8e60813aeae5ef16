import { type AccountParts, accountProcedures } from "./account/procedures.ts";
import { type EmailChangeParts, emailChangeProcedures } from "./email-change/procedures.ts";
import { type PasswordParts, passwordProcedures } from "./password/procedures.ts";
import type { ProcedureDeps } from "./procedure.ts";
import { type RegistrationParts, registrationProcedures } from "./registration/procedures.ts";
import { type SessionParts, sessionProcedures } from "./sessions/procedures.ts";
import { type TermsParts, termsProcedures } from "./terms/procedures.ts";
import { verificationProcedures } from "./verification/procedures.ts";

export type ServiceParts = RegistrationParts &
  SessionParts &
  TermsParts &
  PasswordParts &
  EmailChangeParts &
  AccountParts &
  ProcedureDeps;

/** All that Foyer can be asked for. */
export function createProcedures(parts: ServiceParts) {
  return {
    ...registrationProcedures(parts),
    ...verificationProcedures(parts),
    ...sessionProcedures(parts),
    ...termsProcedures(parts),
    ...passwordProcedures(parts),
    ...emailChangeProcedures(parts),
    ...accountProcedures(parts),
  };
}

export type Procedures = ReturnType<typeof createProcedures>;
