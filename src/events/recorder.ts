import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import type { EventConsumer, EventType } from "../models/outbox-event.ts";
import type { User } from "../models/user.ts";
import type { EventAccount } from "./event.ts";
import { forgetEvents } from "./forget.ts";

type Recordable = Exclude<EventType, "account.deleted">;

/** @param deletesAt when a deletion that was asked for takes place. */
export type Subject = EventAccount & { deletesAt?: Date | null };

/** What is told of an account. */
export function subjectOf(user: Pick<User, "id" | "email" | "email_verified_at" | "deletes_at">): Subject {
  const { id, email, email_verified_at, deletes_at } = user;
  return { id, email, verified: email_verified_at !== null, deletesAt: deletes_at };
}

export type EventRecorder = {
  /** Whether anybody is to be told. Without it nothing is written, and a rule may save its transaction. */
  wants(type: EventType): boolean;
  /**
   * Writes an event in the transaction of its cause: both happen or neither. It is to be the last that the transaction
   * does, because from then on other events of the account wait for its end.
   */
  record(trx: Knex.Transaction, type: Recordable, account: Subject): Promise<void>;
  /** The same for accounts that are deleted. What was told of them has their addresses no more. */
  recordDeleted(trx: Knex, ids: readonly number[]): Promise<void>;
};

// Numbers are given in the order of commits, for each account: who comes later gets the lock, and so the number, later.
const LOCK = `
  select pg_advisory_xact_lock(hashtextextended(:lock || id, 0))
  from (select id from unnest(cast(:ids as bigint[])) id order by id) of`;

const RECORD = `
  with locked as materialized (${LOCK}), ready as (select count(*) from locked)
  insert into :events: (type, consumer, user_id, data, created_at)
  select :type, consumer, id, cast(:data as jsonb) || jsonb_build_object('id', id), clock_timestamp()
  from ready, unnest(cast(:ids as bigint[])) id, unnest(cast(:consumers as text[])) consumer order by id`;

function toData(type: Recordable, { id, email, verified, deletesAt }: Subject) {
  const isLeaving = type === "account.deletion_requested" && deletesAt;
  return { id, email, verified, ...(isLeaving && { deletesAt: deletesAt.toISOString() }) };
}

function isTransaction(handle: Knex): handle is Knex.Transaction {
  return handle.isTransaction === true;
}

/**
 * @param consumersOf who is to be told of a type, at this instance.
 * @param recorded is called for each row once it is committed.
 */
export function createEventRecorder(
  consumersOf: (type: EventType) => readonly EventConsumer[],
  recorded: (consumer: EventConsumer) => void,
): EventRecorder {
  async function write(trx: Knex, type: EventType, ids: readonly number[], data: object) {
    const consumers = consumersOf(type);
    if (consumers.length === 0 || ids.length === 0) return;
    const schema = getSchema(trx);
    await trx.raw(RECORD, {
      lock: `foyer events ${schema} `,
      events: `${schema}.events`,
      type,
      ids: [...ids],
      consumers: [...consumers],
      data: JSON.stringify(data),
    });
    const told = () => {
      for (const _ of ids) for (const consumer of consumers) recorded(consumer);
    };
    // The end of an app's own transaction is not known here: the worker sees them when it looks.
    if (isTransaction(trx)) trx.executionPromise.then(told, () => {});
  }

  return {
    wants: (type) => consumersOf(type).length > 0,
    record: (trx, type, account) => write(trx, type, [account.id], toData(type, account)),
    async recordDeleted(trx, ids) {
      await forgetEvents(trx, ids);
      await write(trx, "account.deleted", ids, {});
    },
  };
}
