import { z } from "zod";
import type { MessageKey } from "../../language/message.ts";

/** What people agree to: where it is read, and which version of it counts. */
export type Terms = { url: string; version: string };

/** The version that somebody agrees to, which is to be the one that counts. @param terms none: then no version is. */
export function termsVersionField(terms: Terms | undefined) {
  return z
    .string({ error: "terms.missing" satisfies MessageKey })
    .refine((version) => version === terms?.version, "terms.changed" satisfies MessageKey)
    .meta({ description: "The version of the terms that the person agreed to.", example: terms?.version ?? "1" });
}
