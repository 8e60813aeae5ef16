import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";
import { allowedEmailField, newPasswordField } from "../identity/fields.ts";
import { isEmailAddress } from "../identity/password.ts";
import type { ServiceSettings } from "../settings.ts";

/** A registration's input: one schema for parsing, tRPC's types and the OpenAPI document. */
export function registrationInput({
  passwordMinLength,
  policy,
}: Pick<ServiceSettings, "passwordMinLength" | "policy">) {
  return z
    .object({
      email: allowedEmailField(policy),
      password: newPasswordField(passwordMinLength),
    })
    .refine(({ email, password }) => !isEmailAddress(password, email), {
      path: ["password"],
      message: "password.is_email" satisfies MessageKey,
    });
}
