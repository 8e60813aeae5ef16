import { z } from "zod";
import { allowedEmailField, typedPasswordField } from "../identity/fields.ts";
import type { Policy } from "../identity/policy.ts";

export function emailChangeInput(policy: Policy) {
  return z.object({
    email: allowedEmailField(policy),
    password: typedPasswordField()
      .optional()
      .meta({ description: "The account's, unless it was given in the last minutes." }),
  });
}

export const linkInput = z.object({
  token: z.string().meta({ description: "From the link in the email, or the link itself." }),
});
