import { z } from "zod";
import { isMessageKey } from "../../language/language.ts";
import type { Message, MessageKey } from "../../language/message.ts";
import { err, ok, type Result } from "../../result.ts";
import { FIELDS, type FieldError, type RefusalOf, refuse } from "../refusal.ts";
import { ADDRESS_OCTETS, type EmailAddress, parseEmailAddress } from "./email-address.ts";
import { PASSWORD_MAX_LENGTH, parsePassword, parseTypedPassword } from "./password.ts";
import { type Policy, refuseDomain } from "./policy.ts";

/** Wraps a parser for Zod. The issue's message is a key of the catalogue, and its params hold the values. */
function parsedBy<T>(parse: (typed: string) => Result<T, Message>) {
  return (typed: string, context: z.RefinementCtx<string>) => {
    const parsed = parse(typed);
    if (parsed.ok) return parsed.value;
    const { key, values } = parsed.error;
    context.addIssue({ code: "custom", message: key, params: { values } });
    return z.NEVER;
  };
}

function text(missing: MessageKey, notText: MessageKey) {
  return z.string({ error: ({ input }) => (input === undefined ? missing : notText) });
}

/** An e-mail address. @param parse a stricter parser. */
export function emailField(parse: (typed: string) => Result<EmailAddress, Message> = parseEmailAddress) {
  return text("email.missing", "email.not_text")
    .transform(parsedBy(parse))
    .meta({ example: "alice@example.com", maxLength: ADDRESS_OCTETS });
}

/** An e-mail address that an account may have. */
export function allowedEmailField(policy: Policy) {
  return emailField((typed) => {
    const parsed = parseEmailAddress(typed);
    const message = parsed.ok ? refuseDomain(parsed.value.domain, policy) : undefined;
    return message ? err(message) : parsed;
  });
}

/** A new password. @param minLength in code points. */
export function newPasswordField(minLength: number) {
  return text("password.missing", "password.not_text")
    .transform(parsedBy((typed) => parsePassword(typed, minLength)))
    .meta({ example: "correct horse battery staple", minLength, maxLength: PASSWORD_MAX_LENGTH, format: "password" });
}

/** A password that was chosen before. @param missing says that there is none, where a form asks for another one too. */
export function typedPasswordField(missing: MessageKey = "password.missing") {
  return text(missing, "password.not_text")
    .transform(parsedBy((typed) => (typed === "" ? err({ key: missing }) : parseTypedPassword(typed))))
    .meta({ example: "correct horse battery staple", maxLength: PASSWORD_MAX_LENGTH, format: "password" });
}

/** What a client sent, or an empty object if that is no object. */
export function asObject(input: unknown): object {
  return typeof input === "object" && input !== null && !Array.isArray(input) ? input : {};
}

function isField(name: string): name is FieldError["field"] {
  return FIELDS.some((field) => field === name);
}

function fieldErrors(fields: string[], { issues }: z.ZodError): FieldError[] {
  return fields.filter(isField).flatMap((field) => {
    const issue = issues.find(({ path }) => path[0] === field);
    if (!issue) return [];
    const { message: key } = issue;
    if (!isMessageKey(key)) throw new Error(`the catalogue has no ${key}`);
    const values = issue.code === "custom" ? issue.params?.["values"] : undefined;
    return [{ field, message: { key, ...(values && { values }) } }];
  });
}

/** Parses what a client sent. Refuses with `invalid_input`, which has a message for each wrong field. */
export function parseInput<T>(
  schema: z.ZodType<T> & { shape: object },
  input: unknown,
): Result<T, RefusalOf<"invalid_input">> {
  const parsed = schema.safeParse(asObject(input));
  if (parsed.success) return ok(parsed.data);
  return refuse({ code: "invalid_input", fields: fieldErrors(Object.keys(schema.shape), parsed.error) });
}

export const account = z.object({
  id: z.int().positive().meta({ example: 1 }),
  email: z.string().meta({ example: "alice@example.com" }),
});

export type Account = z.infer<typeof account>;
