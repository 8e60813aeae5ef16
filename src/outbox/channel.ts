import type { DeliveryContext } from "./delivery.ts";
import type { Job } from "./job.ts";
import type { Renewable } from "./leases.ts";
import type { Slotted } from "./slots.ts";
import type { Transport } from "./transport.ts";

export type Sending<J extends Job> = Slotted & { job: J };

export type Prepared<J extends Job> = { job: J; deliver(context: DeliveryContext): Promise<void> };

/** @param leased how many were leased. @param others how many were ended or put off instead: there may be more of them. */
export type Taken<J extends Job> = { prepared: readonly Prepared<J>[]; leased: number; others: number };

/** What a worker sends, and in which order. */
export type Channel<J extends Job> = Renewable & {
  /** What the log says. */
  words: { noun: "email" | "event"; serverDown: string; outboxDown: string };
  server: Pick<Transport<never>, "check" | "close">;
  /** @param inDoubt whether nothing was taken since the other side failed. */
  take(sending: readonly Sending<J>[], inDoubt: boolean): Promise<Taken<J>>;
  /** How many may begin. */
  room(sending: readonly Sending<J>[], inDoubt: boolean): number;
  /** Whether some may wait for a slot, or for their share of them. */
  isFull(sending: readonly Sending<J>[]): boolean;
  /** Whether one waits for another to end though there are slots. */
  isInOrder: boolean;
};
