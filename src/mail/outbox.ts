import type { Knex } from "knex";
import { raw } from "objection";
import { OutboxEmail } from "../models/outbox-email.ts";

/** An email to be sent; `key` makes it one, however often it is asked for. */
export type NewEmail = { key: string; emailKey: string; signUpId: number | null };

/** A lease ends by the database's clock. A worker renews its own while it sends; a process that dies loses it. */
export const LEASE_SECONDS = 60;

const PAGE_SIZE = 1000;

/** Writes an email in the transaction of its subject: both exist or neither. Resolves to whether it is a new one. */
export async function enqueue(db: Knex, { key, emailKey, signUpId }: NewEmail): Promise<boolean> {
  const email = await OutboxEmail.query(db)
    .insert({ key, email_key: emailKey, sign_up_id: signUpId })
    .onConflict("key")
    .ignore()
    .returning("*");
  return email.created_at !== undefined;
}

async function* listGivenUp(db: Knex): AsyncGenerator<OutboxEmail[]> {
  let last: OutboxEmail | undefined;
  do {
    const page = await OutboxEmail.query(db)
      .where({ outcome: "given_up" })
      .where("id", ">", last?.id ?? 0)
      .orderBy("id")
      .limit(PAGE_SIZE);
    if (page.length > 0) yield page;
    last = page.length === PAGE_SIZE ? page.at(-1) : undefined;
  } while (last);
}

async function measureWaiting(db: Knex): Promise<{ count: number; oldestSeconds: number }> {
  const row = await db("emails")
    .whereNull("finished_at")
    .first(db.raw("count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest"));
  return { count: row.count, oldestSeconds: row.oldest };
}

/** The emails that wait, which any number of workers may take. */
export function createOutbox(db: Knex, leaseSeconds = LEASE_SECONDS) {
  // Of PostgreSQL's job queues, none kept up for this Node runs on one connection, as the embedded database has.
  const open = ({ id }: OutboxEmail) => OutboxEmail.query(db).findById(id).whereNull("finished_at");
  const leased = (email: OutboxEmail) => open(email).where({ lease_version: email.lease_version });
  const endOfLease = () => raw("now() + make_interval(secs => ?)", [leaseSeconds]);

  return {
    leaseSeconds,
    /** Leases up to `count` emails that are due, the longest waiting first. It skips what another worker is taking. */
    async take(count: number): Promise<OutboxEmail[]> {
      const due = OutboxEmail.query(db).whereNull("finished_at").where("available_at", "<=", raw("now()"));
      return OutboxEmail.query(db)
        .with("due", due.select("id").orderBy(["available_at", "id"]).limit(count).forUpdate().skipLocked())
        .whereIn("id", raw("(select id from due)"))
        .patch({ available_at: endOfLease(), lease_version: raw("lease_version + 1") })
        .returning("*");
    },
    /** Resolves to 0 where the lease was lost to another, or the email is finished. */
    renew: (email: OutboxEmail) => leased(email).patch({ available_at: endOfLease() }),
    /** It was sent, whoever has the lease meanwhile. */
    markSent: (email: OutboxEmail) =>
      open(email).patch({ finished_at: raw("now()"), outcome: "sent", last_response: null }),
    giveUp: (email: OutboxEmail, response: string) =>
      leased(email).patch({ finished_at: raw("now()"), outcome: "given_up", last_response: response }),
    retry: (email: OutboxEmail, seconds: number, attempts: number, response: string) =>
      leased(email).patch({
        available_at: raw("now() + make_interval(secs => ?)", [seconds]),
        attempts,
        last_response: response,
      }),
    /** Keeps the row: without it, whoever asks again within the minute could tell that the address is unknown. */
    drop: (email: OutboxEmail) => leased(email).patch({ finished_at: raw("now()"), outcome: "dropped" }),

    givenUp: () => listGivenUp(db),
    replay: (ids: readonly number[]): PromiseLike<number> =>
      OutboxEmail.query(db)
        .where({ outcome: "given_up" })
        .whereIn("id", [...ids])
        .patch({ finished_at: null, outcome: null, attempts: 0, available_at: raw("now()") }),
    waiting: () => measureWaiting(db),
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
