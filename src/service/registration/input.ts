import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";
import type { EmailAddress } from "../identity/email-address.ts";
import { allowedEmailField, newPasswordField } from "../identity/fields.ts";
import { isEmailAddress } from "../identity/password.ts";
import { termsVersionField } from "../identity/terms.ts";
import type { ServiceSettings } from "../settings.ts";

/** The version is needed where a site has terms, which types cannot tell. */
type Sent = { email: string; password: string; termsVersion?: string | undefined };
type Parsed = { email: EmailAddress; password: string };

export type RegistrationInput = z.ZodType<Parsed, Sent> & { shape: object };

function isNotAddress({ email, password }: Parsed): boolean {
  return !isEmailAddress(password, email);
}

/** A registration's input: one schema for parsing, tRPC's types and the OpenAPI document. */
export function registrationInput({
  passwordMinLength,
  policy,
  terms,
}: Pick<ServiceSettings, "passwordMinLength" | "policy" | "terms">): RegistrationInput {
  const fields = { email: allowedEmailField(policy), password: newPasswordField(passwordMinLength) };
  const refused = { path: ["password"], message: "password.is_email" satisfies MessageKey };
  if (!terms) return z.object(fields).refine(isNotAddress, refused);
  return z.object({ ...fields, termsVersion: termsVersionField(terms) }).refine(isNotAddress, refused);
}
