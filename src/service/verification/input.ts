import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";
import { account, emailField, newPasswordField } from "../identity/fields.ts";
import { isOwnAddress, PASSWORD_MAX_LENGTH } from "../identity/password.ts";
import { readCode, readToken } from "./pasted.ts";

function foundBy(read: (sent: string) => string | undefined) {
  return (sent: string, context: z.RefinementCtx<string>) => {
    const found = read(sent);
    if (found === undefined) context.addIssue("nothing found");
    return found ?? z.NEVER;
  };
}

export const tokenInput = z.object({
  token: z
    .string()
    .transform(foundBy(readToken))
    .meta({ description: "From the link in the email, or the link itself." }),
});

/** It counts only in the browser of the sign-up. */
export const codeInput = z.object({ code: z.string().transform(foundBy(readCode)).meta({ example: "1234 5678" }) });

/** What a link needs outside the browser of its sign-up: that sign-up's password. */
export const passwordInput = z.object({
  password: z
    .string()
    .min(1)
    .meta({ description: "The one of the sign-up.", maxLength: PASSWORD_MAX_LENGTH, format: "password" }),
});

/** Or a new one. @param minLength in code points. @param email of the sign-up, which may not be the password. */
export function newPasswordInput(minLength: number, email?: string) {
  return z
    .object({ newPassword: newPasswordField(minLength) })
    .refine(({ newPassword }) => !isOwnAddress(newPassword, email), {
      path: ["newPassword"],
      message: "password.is_email" satisfies MessageKey,
    });
}

/** What asks for an email to an address, of any kind. */
export const emailRequest = z.object({ email: emailField() });

export const emailRequested = account.pick({ email: true });

export type EmailRequested = z.infer<typeof emailRequested>;
