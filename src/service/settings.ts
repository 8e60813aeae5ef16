import type { SessionKind } from "../models/session.ts";
import type { Policy } from "./identity/policy.ts";
import type { Terms } from "./identity/terms.ts";

/** How long a session lasts, and how long it may go unused. */
export type SessionLifetimes = Record<SessionKind, { seconds: number; idleSeconds: number }>;

export type ServiceSettings = {
  passwordMinLength: number;
  policy: Policy;
  /** Whether an answer may tell that an address is registered (`open`), or only its mailbox (`discreet`). */
  privacy: "open" | "discreet";
  verificationHours: number;
  /** For how long an account that nobody verifies is kept, since it was made or last written to. */
  unverifiedDays: number;
  sessions: SessionLifetimes;
  /** How long a link that sets a password is valid after it was sent. */
  resetMinutes: number;
  /** For how long whoever gave their password may change their address, or delete their account, without it. */
  reauthenticationMinutes: number;
  /** For how long somebody who has their account deleted may keep it all the same; 0 is at once. */
  deletionGraceDays: number;
  /** Whether an email tells of a sign-in from a browser in which nobody signed in to the account before. */
  noticeNewSignIn: boolean;
  /** What people agree to before they get in, if there is anything. */
  terms: Terms | undefined;
};
