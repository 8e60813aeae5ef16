import { Model } from "./model.ts";

/** Why an email is sent. What it says depends on what is so when it is sent. */
export const PURPOSES = [
  "verify",
  "reset",
  "password_changed",
  "email_change",
  "email_change_notice",
  "deletion",
  "new_sign_in",
] as const;

export type EmailPurpose = (typeof PURPOSES)[number];

/** An email to be written and sent. What it says is decided when it is sent. */
export class OutboxEmail extends Model {
  static override tableName = "emails";

  declare id: number;
  /** Two emails of one key are one. */
  declare key: string;
  declare email_key: string;
  declare sign_up_id: number | null;
  /** The account that it is about, which is there. */
  declare user_id: number | null;
  declare purpose: EmailPurpose;
  /** What its purpose needs to know, and is not to be looked up when it is sent. No secret is among it. */
  declare details: unknown;
  /** The address without its tag, its domain, and the network that asked: what budgets count by. `""` is not known. */
  declare mailbox: string;
  declare domain: string;
  declare network: string;
  /** How often its sending failed for a reason of its own. */
  declare attempts: number;
  /** Counts the leases, so that a worker that lost one writes nothing. */
  declare lease_version: number;
  /** Earliest time to try; while it is leased, when the lease ends. */
  declare available_at: Date;
  /** Whether a budget holds it back, until `available_at`. */
  declare is_held: boolean;
  /** Since when nothing but the mail server holds it up. While it is held back, when its turn was to be at first. */
  declare due_at: Date;
  /** When a budget last let it go. */
  declare admitted_at: Date | null;
  declare finished_at: Date | null;
  declare outcome: "sent" | "given_up" | "dropped" | null;
  declare last_response: string | null;
  declare created_at: Date;
}
