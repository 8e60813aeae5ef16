import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";
import { newPasswordField, typedPasswordField } from "../identity/fields.ts";
import { isOwnAddress } from "../identity/password.ts";

const token = z.string().meta({ description: "From the link in the email, or the link itself." });

/** @param email the account's address, which is no password for it. */
export function resetInput(minLength: number, email?: string) {
  return z
    .object({ token, password: newPasswordField(minLength) })
    .refine(({ password }) => !isOwnAddress(password, email), {
      path: ["password"],
      message: "password.is_email" satisfies MessageKey,
    });
}

/** @param email as for `resetInput`. */
export function changeInput(minLength: number, email?: string) {
  return z
    .object({ currentPassword: typedPasswordField("change_password.missing"), password: newPasswordField(minLength) })
    .refine(({ password }) => !isOwnAddress(password, email), {
      path: ["password"],
      message: "password.is_email" satisfies MessageKey,
    })
    .refine(({ currentPassword, password }) => currentPassword.nfc !== password, {
      path: ["password"],
      message: "password.same" satisfies MessageKey,
    });
}
