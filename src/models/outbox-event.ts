import { Model } from "./model.ts";

/** What is told of accounts. */
export const EVENT_TYPES = [
  "account.created",
  "account.verified",
  "account.signed_in",
  "account.password_changed",
  "account.email_changed",
  "account.deletion_requested",
  "account.kept",
  "account.deleted",
] as const;

export type EventType = (typeof EVENT_TYPES)[number];

/** Whom events are for: the app that Foyer is mounted in, or who listens at WEBHOOK_URL. */
export type EventConsumer = "app" | "webhook";

/** Something that happened to an account, to be told to one consumer. */
export class OutboxEvent extends Model {
  static override tableName = "events";

  declare id: number;
  /** The same at each try, and no other event's. */
  declare key: string;
  declare type: EventType;
  declare consumer: EventConsumer;
  /** The account, which may be gone. */
  declare user_id: number;
  /** What is told, as it was when it happened. No secret is among it. */
  declare data: object;
  /** How often its sending failed for a reason of its own. */
  declare attempts: number;
  /** Counts the leases, so that a worker that lost one writes nothing. */
  declare lease_version: number;
  /** Earliest time to try; while it is leased, when the lease ends. */
  declare available_at: Date;
  /** Since when it waits to be told. */
  declare due_at: Date;
  declare finished_at: Date | null;
  declare outcome: "sent" | "given_up" | "dropped" | null;
  declare last_response: string | null;
  declare created_at: Date;
}
