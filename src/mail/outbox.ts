import { setTimeout } from "node:timers/promises";
import DataLoader from "dataloader";
import type { Knex } from "knex";
import { raw } from "objection";
import { getSchema } from "../db/schema.ts";
import { type EmailPurpose, OutboxEmail } from "../models/outbox-email.ts";
import type { Budgets } from "./budget.ts";
import { type Note, noteAll } from "./note.ts";
import { type Take, type Taken, take } from "./take.ts";
import { createTurns } from "./turns.ts";

/**
 * An email to be sent; `key` makes it one, however often it is asked for. Budgets count it by its `mailbox` (without
 * tags), its `domain` and the `network` that caused it.
 */
export type NewEmail = {
  key: string;
  emailKey: string;
  /** The sign-up or the account that it is about: it is deleted with them. */
  signUpId?: number | undefined;
  userId?: number;
  /** What it is to say, and what has to be known for that. */
  purpose: EmailPurpose;
  details?: object;
  mailbox: string;
  domain: string;
  network: string;
};

/** A lease ends by the database's clock. A worker renews its own while it sends; a process that dies loses it. */
export const LEASE_SECONDS = 60;

const PAGE_SIZE = 1000;
/** For so long what came of emails is gathered, to be noted in one statement. */
const NOTE_MS = 20;
/** Another worker takes for a few milliseconds. */
const [MOST_TRIES, RETRY_MS] = [5, 20];

/**
 * The statement that writes an email; what it is about may be written by the same one. The values are bound by the names
 * of `NewEmail`, and the table by `emails`. @param sql how SQL gets the columns that differ.
 */
export function insertEmail(sql: Record<"key" | "sign_up_id", string> & { [column in Column]?: string }): string {
  const all = { purpose: "'verify'", ...sql };
  return `insert into :emails: (${Object.keys(all).join(", ")}, email_key, mailbox, domain, network)
    values (${Object.values(all).join(", ")}, :emailKey, :mailbox, :domain, :network)`;
}

type Column = "purpose" | "user_id" | "details";

const ENQUEUE = `${insertEmail({
  key: ":key",
  sign_up_id: ":signUpId",
  purpose: ":purpose",
  user_id: ":userId",
  details: "cast(:details as jsonb)",
})} on conflict (key) do nothing returning id`;

/** Writes an email in the transaction of its subject: both exist or neither. Resolves to whether it is a new one. */
export async function enqueue(db: Knex, email: NewEmail): Promise<boolean> {
  const { signUpId = null, userId = null, details, ...others } = email;
  const values = { ...others, signUpId, userId, details: details ? JSON.stringify(details) : null };
  const { rows } = await db.raw(ENQUEUE, { ...values, emails: `${getSchema(db)}.emails` });
  return rows.length > 0;
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

/** Those that a budget holds back wait too, but are not due: nobody has to do anything about them. */
async function measureWaiting(db: Knex): Promise<{ count: number; oldestSeconds: number }> {
  const waiting = () => db("emails").whereNull("finished_at");
  const due = waiting().whereRaw("not is_held").min("due_at");
  const row = await waiting().first(
    db.raw("count(*), coalesce(extract(epoch from now() - ?), 0)::float as oldest", [due]),
  );
  return { count: row.count, oldestSeconds: row.oldest };
}

async function takeInTurn(db: Knex, settings: Take): Promise<Taken> {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    const taken = await take(db, settings);
    for (const email of taken?.emails ?? []) settings.turns.serve(email);
    if (taken) return taken;
    await setTimeout(Math.random() * RETRY_MS * tries);
  }
  return { emails: [], delayed: 0, dropped: 0 };
}

export type OutboxSettings = { leaseSeconds?: number; budgets?: Budgets | undefined };

/** The emails that wait, which any number of workers may take. @param budgets what may go at most; undefined for all. */
export function createOutbox(db: Knex, { leaseSeconds = LEASE_SECONDS, budgets }: OutboxSettings = {}) {
  // Of PostgreSQL's job queues, none kept up for this Node runs on one connection, as the embedded database has.
  const notes = new DataLoader((all: readonly Note[]) => noteAll(db, all), {
    cache: false,
    batchScheduleFn: (note) => void setTimeout(NOTE_MS).then(note),
  });

  const turns = createTurns();

  return {
    leaseSeconds,
    /** Leases emails that are due, as many as there are slots for. It skips what another worker is taking. */
    take: (settings: Pick<Take, "slots" | "sending">) => takeInTurn(db, { ...settings, leaseSeconds, budgets, turns }),
    /** Renews leases. @returns the numbers of those that are still held: others were taken by another, or ended. */
    async renew(emails: readonly OutboxEmail[]): Promise<Set<number>> {
      const renewed = await OutboxEmail.query(db)
        .whereNull("finished_at")
        .whereIn(
          ["id", "lease_version"],
          emails.map(({ id, lease_version }) => [id, lease_version]),
        )
        .patch({ available_at: raw("now() + make_interval(secs => ?)", [leaseSeconds]) })
        .returning("id");
      return new Set(renewed.map(({ id }) => id));
    },
    /** Notes what came of an email, together with others. @returns whether it was still this worker's to note. */
    note: (note: Note) => notes.load(note),
    givenUp: () => listGivenUp(db),
    replay: (ids: readonly number[]): PromiseLike<number> =>
      OutboxEmail.query(db)
        .where({ outcome: "given_up" })
        .whereIn("id", [...ids])
        .patch({ finished_at: null, outcome: null, attempts: 0, available_at: raw("now()"), due_at: raw("now()") }),
    waiting: () => measureWaiting(db),
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
