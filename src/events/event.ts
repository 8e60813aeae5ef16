import type { EventType, OutboxEvent } from "../models/outbox-event.ts";

/** The account as it was when it happened. Its address is null where the account was deleted since. */
export type EventAccount = { id: number; email: string | null; verified: boolean };

export type EventData<T extends EventType> = T extends "account.deleted"
  ? { id: number }
  : T extends "account.deletion_requested"
    ? EventAccount & { deletesAt: string }
    : EventAccount;

/** Something that happened to an account. `id` is the same however often it is told, `timestamp` is when it happened. */
export type FoyerEvent<T extends EventType = EventType> = {
  id: string;
  type: T;
  timestamp: string;
  data: EventData<T>;
};

export type EventHandler<T extends EventType> = (event: FoyerEvent<T>) => void | Promise<void>;

export type ToldEvent = { id: string; type: EventType; timestamp: string; data: object };

/** What a consumer is told. */
export function toTold({ key, type, created_at, data }: OutboxEvent): ToldEvent {
  return { id: `evt_${key.replaceAll("-", "")}`, type, timestamp: created_at.toISOString(), data };
}
