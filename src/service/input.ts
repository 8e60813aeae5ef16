import { z } from "zod";
import { ADDRESS_OCTETS, type EmailAddress, parseEmailAddress } from "./email-address.ts";
import type { FieldError } from "./errors.ts";
import type { Parsed } from "./parsed.ts";
import { isEmailAddress, PASSWORD_MAX_LENGTH, parsePassword } from "./password.ts";
import { type Policy, refusalOf } from "./policy.ts";

/** Zod's face of a parser of ours. */
function parsedBy<T>(parse: (typed: string) => Parsed<T>) {
  return (typed: string, context: z.RefinementCtx<string>) => {
    const parsed = parse(typed);
    if (parsed.ok) return parsed.value;
    context.addIssue(parsed.message);
    return z.NEVER;
  };
}

/** What the operator decides about registrations. */
export type RegistrationSettings = { passwordMinLength: number; policy: Policy };

function parseWelcomeAddress(typed: string, policy: Policy): Parsed<EmailAddress> {
  const parsed = parseEmailAddress(typed);
  const message = parsed.ok ? refusalOf(parsed.value.domain, policy) : undefined;
  return message ? { ok: false, message } : parsed;
}

function text(noun: string) {
  return z.string({ error: ({ input }) => (input === undefined ? `Enter ${noun}.` : `Send ${noun} as one piece of text.`) });
}

/**
 * What a registration takes. The one schema: the service parses with it, tRPC takes its types from it, and the OpenAPI
 * document is made from it.
 */
export function registrationInput({ passwordMinLength, policy }: RegistrationSettings) {
  return z
    .object({
      email: text("your email address")
        .transform(parsedBy((typed) => parseWelcomeAddress(typed, policy)))
        .meta({ example: "alice@example.com", maxLength: ADDRESS_OCTETS }),
      password: text("a password")
        .transform(parsedBy((typed) => parsePassword(typed, passwordMinLength)))
        .meta({
          example: "correct horse battery staple",
          minLength: passwordMinLength,
          maxLength: PASSWORD_MAX_LENGTH,
          format: "password",
        }),
    })
    .refine(({ email, password }) => !isEmailAddress(password, email), {
      path: ["password"],
      message: "Choose a password that is not your email address.",
    });
}

export type RegistrationInput = z.input<ReturnType<typeof registrationInput>>;

export const registered = z.object({
  id: z.int().positive().meta({ example: 1 }),
  email: z.string().meta({ example: "alice@example.com" }),
});

export type Registered = z.infer<typeof registered>;

/** One error for each field, in the order of the form. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  const fields = ["email", "password"] as const;
  return fields.flatMap((field) => {
    const issue = error.issues.find(({ path }) => path[0] === field);
    return issue ? [{ field, message: issue.message }] : [];
  });
}
