import { z } from "zod";
import { account, emailField } from "../identity/fields.ts";
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

export const resendInput = z.object({ email: emailField() });

export const resendOutput = account.pick({ email: true });

export type ResendOutput = z.infer<typeof resendOutput>;
