import { z } from "zod";
import { ADDRESS_OCTETS, type EmailAddress, parseEmailAddress } from "./email-address.ts";
import type { FieldError } from "./errors.ts";
import type { Parsed } from "./parsed.ts";
import { isEmailAddress, PASSWORD_MAX_LENGTH, parsePassword } from "./password.ts";
import { readCode, readToken } from "./pasted.ts";
import { type Policy, refusalOf } from "./policy.ts";
import type { ServiceSettings } from "./settings.ts";

/** Zod's face of a parser of ours. */
function parsedBy<T>(parse: (typed: string) => Parsed<T>) {
  return (typed: string, context: z.RefinementCtx<string>) => {
    const parsed = parse(typed);
    if (parsed.ok) return parsed.value;
    context.addIssue(parsed.message);
    return z.NEVER;
  };
}

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
export function registrationInput({ passwordMinLength, policy }: Pick<ServiceSettings, "passwordMinLength" | "policy">) {
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

export const account = z.object({
  id: z.int().positive().meta({ example: 1 }),
  email: z.string().meta({ example: "alice@example.com" }),
});

export type Account = z.infer<typeof account>;

/** Zod's face of a reader of ours that finds one thing in a text, or nothing. */
function foundBy(read: (sent: string) => string | undefined) {
  return parsedBy((sent) => {
    const value = read(sent);
    return value === undefined ? { ok: false, message: "There is none in this text." } : { ok: true, value };
  });
}

/** What a verification takes: the token of a link. */
export const tokenInput = z.object({
  token: z.string().transform(foundBy(readToken)).meta({ description: "From the link in the mail, or the link itself." }),
});

/** Or the code beside the link, in the browser of the sign-up. */
export const codeInput = z.object({ code: z.string().transform(foundBy(readCode)).meta({ example: "1234 5678" }) });

export type VerificationInput = z.input<typeof tokenInput> | z.input<typeof codeInput>;

/** What asking for a new mail takes. */
export const resendInput = z.object({
  email: text("your email address")
    .transform(parsedBy(parseEmailAddress))
    .meta({ example: "alice@example.com", maxLength: ADDRESS_OCTETS }),
});

export type ResendInput = z.input<typeof resendInput>;

/** The address to which a mail goes, where one is to go. */
export const mailed = account.pick({ email: true });

export type Mailed = z.infer<typeof mailed>;

/** What a client sent, as something that has fields. */
export function recordOf(input: unknown): object {
  return typeof input === "object" && input !== null && !Array.isArray(input) ? input : {};
}

/** One error for each field, in the order of the form. */
export function fieldErrors(error: z.ZodError): FieldError[] {
  const fields = ["email", "password"] as const;
  return fields.flatMap((field) => {
    const issue = error.issues.find(({ path }) => path[0] === field);
    return issue ? [{ field, message: issue.message }] : [];
  });
}
