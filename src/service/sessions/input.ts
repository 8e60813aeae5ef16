import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";
import { account, emailField, typedPasswordField } from "../identity/fields.ts";

export const signInInput = z.object({
  email: emailField(),
  password: typedPasswordField(),
  keep: z
    .boolean({ error: "keep.not_boolean" satisfies MessageKey })
    .optional()
    .meta({ description: "Whether the browser keeps the session after it ends." }),
  as: z
    .literal("bearer", { error: "as.not_bearer" satisfies MessageKey })
    .optional()
    .meta({
      description: "For programs, and pages of other origins: the answer has a bearer token, and sets no cookie.",
    }),
});

export const reauthenticateInput = z.object({ password: typedPasswordField() });

export const signOutInput = z.object({
  scope: z
    .enum(["this", "others", "all"], { error: "scope.unknown" satisfies MessageKey })
    .default("this")
    .meta({ description: "Which sessions of the account end." }),
});

export const endSessionInput = z.object({ handle: z.string().meta({ description: "From the list of sessions." }) });

const time = z.iso.datetime();

export const signedInAccount = account.extend({
  verified: z.boolean(),
  deletesAt: time
    .optional()
    .meta({ description: "When it is deleted, if its owner asked for that and it may be kept." }),
  termsDue: z
    .object({ url: z.string(), version: z.string() })
    .optional()
    .meta({ description: "What its owner is to agree to before anything else." }),
});

export type SignedInAccount = z.infer<typeof signedInAccount>;

export const signInOutput = signedInAccount.extend({
  token: z.string().optional().meta({ description: "The bearer token, if one was asked for." }),
  expiresAt: time.optional().meta({ description: "When the token ends, however much it is used." }),
});

export type SignInOutput = z.infer<typeof signInOutput>;

export const sessionOutput = z.union([
  z.object({
    account: signedInAccount,
    session: z.object({ handle: z.string(), createdAt: time, authenticatedAt: time, expiresAt: time }),
  }),
  z.object({ account: z.null(), session: z.null() }),
]);

export type SessionOutput = z.infer<typeof sessionOutput>;

export const sessionsOutput = z.array(
  z.object({
    handle: z.string().meta({ description: "Names the session, and opens nothing." }),
    current: z.boolean(),
    createdAt: time,
    lastSeenAt: time.meta({ description: "To within five minutes." }),
    ip: z.string(),
    browser: z.string().nullable().meta({ description: "Such as Firefox on Windows; null where it is unknown." }),
    device: z
      .object({ browser: z.string(), system: z.string() })
      .nullable()
      .meta({ description: "The same, to be put into words of another language." }),
  }),
);

export type SessionsOutput = z.infer<typeof sessionsOutput>;
