import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";
import { parseEmailAddress } from "../identity/email-address.ts";
import { account, emailField, newPasswordField, typedPasswordField } from "../identity/fields.ts";
import { isEmailAddress } from "../identity/password.ts";

export const requestResetInput = z.object({ email: emailField() });

export const requestResetOutput = account.pick({ email: true });

export type RequestResetOutput = z.infer<typeof requestResetOutput>;

const token = z.string().meta({ description: "From the link in the email, or the link itself." });

function isAddress(password: string, email: string | undefined) {
  const address = email === undefined ? undefined : parseEmailAddress(email);
  return address?.ok === true && isEmailAddress(password, address.value);
}

/** @param email the account's address, which is no password for it. */
export function resetInput(minLength: number, email?: string) {
  return z
    .object({ token, password: newPasswordField(minLength) })
    .refine(({ password }) => !isAddress(password, email), {
      path: ["password"],
      message: "password.is_email" satisfies MessageKey,
    });
}

/** @param email as for `resetInput`. */
export function changeInput(minLength: number, email?: string) {
  return z
    .object({ currentPassword: typedPasswordField("change_password.missing"), password: newPasswordField(minLength) })
    .refine(({ password }) => !isAddress(password, email), {
      path: ["password"],
      message: "password.is_email" satisfies MessageKey,
    })
    .refine(({ currentPassword, password }) => currentPassword.nfc !== password, {
      path: ["password"],
      message: "password.same" satisfies MessageKey,
    });
}
