import type { Knex } from "knex";
import { raw } from "objection";
import { Mail } from "../models/mail.ts";

/** What is to be mailed; `key` makes it one mail, however often it is asked for. */
export type Order = { key: string; emailKey: string; signUpId: number | null };

/**
 * Whoever takes a mail has it to themselves for so long, by the database's clock, and renews that for as long as it sends; a
 * process that dies loses it then.
 */
export const LEASE_SECONDS = 60;

/** Mails that one statement reads or writes. */
const PAGE = 1000;

/**
 * Writes a mail into the outbox: within the transaction of what it is about, so that both exist or neither. Resolves to whether
 * it is a new one.
 */
export async function enqueue(db: Knex, { key, emailKey, signUpId }: Order): Promise<boolean> {
  const mail = await Mail.query(db).insert({ key, email_key: emailKey, sign_up_id: signUpId }).onConflict("key").ignore().returning("*");
  return mail.created_at !== undefined;
}

/**
 * The mails that wait in the database, taken by any number of couriers. Our own few statements and no job queue: of the queues
 * for PostgreSQL, none that is kept up for this Node runs on one connection, as the embedded database has.
 */
export function createOutbox(db: Knex, leaseSeconds = LEASE_SECONDS) {
  const open = ({ id }: Mail) => Mail.query(db).findById(id).whereNull("done_at");
  /** A mail, unless its lease was lost to another. */
  const leased = (mail: Mail) => open(mail).where({ lease: mail.lease });
  const endOfLease = () => raw("now() + make_interval(secs => ?)", [leaseSeconds]);

  return {
    leaseSeconds,
    /** Leases up to `count` mails that are due, the longest waiting first. What another is taking is passed by. */
    async take(count: number): Promise<Mail[]> {
      const due = Mail.query(db).whereNull("done_at").where("due_at", "<=", raw("now()"));
      return Mail.query(db)
        .with("due", due.select("id").orderBy(["due_at", "id"]).limit(count).forUpdate().skipLocked())
        .whereIn("id", raw("(select id from due)"))
        .patch({ due_at: endOfLease(), lease: raw("lease + 1") })
        .returning("*");
    },
    /** Resolves to 0 where the lease was lost to another, or the mail is done. */
    renew: (mail: Mail) => leased(mail).patch({ due_at: endOfLease() }),
    /** Whoever has the lease meanwhile: it was sent. */
    sent: (mail: Mail) => open(mail).patch({ done_at: raw("now()"), outcome: "sent", reply: null }),
    giveUp: (mail: Mail, reply: string) => leased(mail).patch({ done_at: raw("now()"), outcome: "given_up", reply }),
    /** Has it tried again later. @param attempts how many are charged to it by now. */
    retry: (mail: Mail, seconds: number, attempts: number, reply: string) =>
      leased(mail).patch({ due_at: raw("now() + make_interval(secs => ?)", [seconds]), attempts, reply }),
    /** The row stays: were it gone, who asks again within the minute could tell. */
    drop: (mail: Mail) => leased(mail).patch({ done_at: raw("now()"), outcome: "dropped" }),

    /** The given-up mails in their order, a page at a time: there may be very many. */
    async *givenUp(): AsyncGenerator<Mail[]> {
      let last: Mail | undefined;
      do {
        const page = await Mail.query(db)
          .where({ outcome: "given_up" })
          .where("id", ">", last?.id ?? 0)
          .orderBy("id")
          .limit(PAGE);
        if (page.length > 0) yield page;
        last = page.length === PAGE ? page.at(-1) : undefined;
      } while (last);
    },
    /** Has given-up mails of these numbers tried anew. Resolves to how many that were. */
    replay: (ids: readonly number[]): PromiseLike<number> =>
      Mail.query(db)
        .where({ outcome: "given_up" })
        .whereIn("id", [...ids])
        .patch({ done_at: null, outcome: null, attempts: 0, due_at: raw("now()") }),
    /** How many wait, and for how many seconds the oldest has. */
    async waiting(): Promise<{ count: number; oldestSeconds: number }> {
      const row = await db("mails")
        .whereNull("done_at")
        .first(db.raw("count(*), coalesce(extract(epoch from now() - min(created_at)), 0)::float as oldest"));
      return { count: row.count, oldestSeconds: row.oldest };
    },
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
