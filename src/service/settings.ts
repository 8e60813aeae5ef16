import type { Policy } from "./policy.ts";

/** What the operator decides about registrations. */
export type ServiceSettings = {
  passwordMinLength: number;
  policy: Policy;
  /** Whether an answer may tell that an address is registered (`open`), or only its mailbox (`discreet`). */
  privacy: "open" | "discreet";
  /** For how long a link and a code in a mail can be used. */
  verificationHours: number;
  /** For how long an account that nobody verifies is kept, since it was made or last written to. */
  unverifiedDays: number;
};
