import { z } from "zod";
import { typedPasswordField } from "../identity/fields.ts";
import { signedInAccount } from "../sessions/input.ts";

export const deleteInput = z.object({
  password: typedPasswordField()
    .optional()
    .meta({ description: "The account's, unless it was given in the last minutes." }),
});

const time = z.iso.datetime();

export const deleteOutput = z.object({ deletesAt: time });

const language = z.string().nullable().meta({ description: "The one of its emails; null is the default." });

export type DeleteOutput = z.infer<typeof deleteOutput>;

/** All that is the person's. No hash, token or digest is among it, and nothing that others did at their address. */
export const exportOutput = z.object({
  account: signedInAccount.extend({ createdAt: time, updatedAt: time, verifiedAt: time.nullable(), language }),
  signUps: z.array(z.object({ email: z.string(), createdAt: time, userAgent: z.string().nullable(), language })),
  sessions: z.array(
    z.object({
      kind: z.enum(["browser", "kept", "bearer"]),
      createdAt: time,
      authenticatedAt: time,
      lastSeenAt: time,
      expiresAt: time,
      ip: z.string(),
      userAgent: z.string(),
    }),
  ),
  emailChanges: z.array(
    z.object({
      from: z.string(),
      to: z.string(),
      askedAt: time,
      changedAt: time.nullable(),
      outcome: z.enum(["done", "superseded", "cancelled", "undone"]).nullable(),
    }),
  ),
  emails: z.array(
    z.object({
      purpose: z.string(),
      createdAt: time,
      finishedAt: time.nullable(),
      outcome: z.enum(["sent", "given_up", "dropped"]).nullable(),
    }),
  ),
  events: z.array(
    z.object({
      type: z.string(),
      toldTo: z.enum(["app", "webhook"]),
      createdAt: time,
      finishedAt: time.nullable(),
      outcome: z.enum(["sent", "given_up", "dropped"]).nullable(),
    }),
  ),
  acceptances: z.array(
    z.object({ url: z.string(), version: z.string(), acceptedAt: time, ip: z.string(), language: z.string() }),
  ),
});

export type ExportOutput = z.infer<typeof exportOutput>;
