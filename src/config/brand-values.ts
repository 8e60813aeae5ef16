import { z } from "zod";

const MAX_NAME_LENGTH = 60;

/** What the site is called: in titles, sentences and subjects of emails, so one line. */
export const siteName = z
  .string()
  .trim()
  .max(MAX_NAME_LENGTH, `expected a name of at most ${MAX_NAME_LENGTH} characters`)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, "expected a name without line breaks or other control characters");
