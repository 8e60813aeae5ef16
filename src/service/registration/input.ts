import { z } from "zod";
import type { Message, MessageKey } from "../../language/message.ts";
import { err, type Result } from "../../result.ts";
import { type EmailAddress, parseEmailAddress } from "../identity/email-address.ts";
import { emailField, newPasswordField } from "../identity/fields.ts";
import { isEmailAddress } from "../identity/password.ts";
import { type Policy, refuseDomain } from "../identity/policy.ts";
import type { ServiceSettings } from "../settings.ts";

function parseAllowedAddress(typed: string, policy: Policy): Result<EmailAddress, Message> {
  const parsed = parseEmailAddress(typed);
  const message = parsed.ok ? refuseDomain(parsed.value.domain, policy) : undefined;
  return message ? err(message) : parsed;
}

/** A registration's input: one schema for parsing, tRPC's types and the OpenAPI document. */
export function registrationInput({
  passwordMinLength,
  policy,
}: Pick<ServiceSettings, "passwordMinLength" | "policy">) {
  return z
    .object({
      email: emailField((typed) => parseAllowedAddress(typed, policy)),
      password: newPasswordField(passwordMinLength),
    })
    .refine(({ email, password }) => !isEmailAddress(password, email), {
      path: ["password"],
      message: "password.is_email" satisfies MessageKey,
    });
}
