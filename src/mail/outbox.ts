import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import type { EmailPurpose, OutboxEmail } from "../models/outbox-email.ts";
import { openGivenUp } from "../outbox/given-up.ts";
import { LEASE_SECONDS } from "../outbox/leases.ts";
import { createNotes } from "../outbox/note.ts";
import { createRenew } from "../outbox/renew.ts";
import type { Budgets } from "./budget.ts";
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
  const turns = createTurns();

  return {
    leaseSeconds,
    /** Leases emails that are due, as many as there are slots for. It skips what another worker is taking. */
    take: (settings: Pick<Take, "slots" | "sending">) => takeInTurn(db, { ...settings, leaseSeconds, budgets, turns }),
    renew: createRenew(db, "emails", leaseSeconds),
    note: createNotes(db, "emails"),
    givenUp: openGivenUp<OutboxEmail>(db, "emails"),
    waiting: () => measureWaiting(db),
  };
}

export type Outbox = ReturnType<typeof createOutbox>;
