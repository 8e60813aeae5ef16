import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import type { OutboxEmail } from "../models/outbox-email.ts";

/** What came of an email: how it ended, or in how many seconds it is tried again. */
export type Note = { email: OutboxEmail } & (
  | { outcome: "sent" | "dropped" }
  | { outcome: "given_up"; response: string }
  | { outcome: "retry"; response: string; seconds: number; attempts: number }
);

// What was sent is so whoever has the lease meanwhile. What is dropped keeps its row: without it, whoever asks again
// within the minute could tell that the address is unknown.
const NOTE = `
  update :emails: one set
    finished_at = case note.outcome when 'retry' then null else now() end,
    outcome = nullif(note.outcome, 'retry'),
    last_response = note.response,
    attempts = note.attempts,
    available_at = case note.outcome when 'retry' then now() + make_interval(secs => note.seconds) else available_at end
  from unnest(cast(:ids as bigint[]), cast(:versions as int[]), cast(:outcomes as text[]), cast(:responses as text[]),
    cast(:attempts as int[]), cast(:seconds as float[])) note (id, version, outcome, response, attempts, seconds)
  where one.id = note.id and finished_at is null and (note.outcome = 'sent' or lease_version = note.version)
  returning one.id`;

/** Notes what came of emails, in one statement. @returns which were noted: another may have taken or ended others. */
export async function noteAll(db: Knex, notes: readonly Note[]): Promise<boolean[]> {
  const { rows }: { rows: { id: number }[] } = await db.raw(NOTE, {
    emails: `${getSchema(db)}.emails`,
    ids: notes.map(({ email }) => email.id),
    versions: notes.map(({ email }) => email.lease_version),
    outcomes: notes.map(({ outcome }) => outcome),
    responses: notes.map((note) => ("response" in note ? note.response : null)),
    attempts: notes.map((note) => ("attempts" in note ? note.attempts : note.email.attempts)),
    seconds: notes.map((note) => ("seconds" in note ? note.seconds : 0)),
  });
  const noted = new Set(rows.map(({ id }) => id));
  return notes.map(({ email }) => noted.has(email.id));
}
