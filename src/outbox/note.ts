import { setTimeout } from "node:timers/promises";
import DataLoader from "dataloader";
import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import type { Job } from "./job.ts";

/** What came of a job: how it ended, or in how many seconds it is tried again. */
export type Note = { job: Job } & (
  | { outcome: "sent" | "dropped" }
  | { outcome: "given_up"; response: string }
  | { outcome: "retry"; response: string; seconds: number; attempts: number }
);

/** For so long what came of jobs is gathered, to be noted in one statement. */
const NOTE_MS = 20;

// What was sent is so whoever has the lease meanwhile. What is dropped keeps its row: without it, whoever asks again
// within the minute could tell that the address is unknown.
const NOTE = `
  update :table: one set
    finished_at = case note.outcome when 'retry' then null else now() end,
    outcome = nullif(note.outcome, 'retry'),
    last_response = note.response,
    attempts = note.attempts,
    available_at = case note.outcome when 'retry' then now() + make_interval(secs => note.seconds) else available_at end
  from unnest(cast(:ids as bigint[]), cast(:versions as int[]), cast(:outcomes as text[]), cast(:responses as text[]),
    cast(:attempts as int[]), cast(:seconds as float[])) note (id, version, outcome, response, attempts, seconds)
  where one.id = note.id and finished_at is null and (note.outcome = 'sent' or lease_version = note.version)
  returning one.id`;

async function noteAll(db: Knex, table: string, notes: readonly Note[]): Promise<boolean[]> {
  const { rows }: { rows: { id: number }[] } = await db.raw(NOTE, {
    table: `${getSchema(db)}.${table}`,
    ids: notes.map(({ job }) => job.id),
    versions: notes.map(({ job }) => job.lease_version),
    outcomes: notes.map(({ outcome }) => outcome),
    responses: notes.map((note) => ("response" in note ? note.response : null)),
    attempts: notes.map((note) => ("attempts" in note ? note.attempts : note.job.attempts)),
    seconds: notes.map((note) => ("seconds" in note ? note.seconds : 0)),
  });
  const noted = new Set(rows.map(({ id }) => id));
  return notes.map(({ job }) => noted.has(job.id));
}

/** Resolves to whether the job was still this worker's to note: another may have taken or ended it. */
export type NoteOutcome = (note: Note) => Promise<boolean>;

/** Creates what notes what came of jobs of a table, many in one statement. */
export function createNotes(db: Knex, table: string): NoteOutcome {
  const notes = new DataLoader((all: readonly Note[]) => noteAll(db, table, all), {
    cache: false,
    batchScheduleFn: (note) => void setTimeout(NOTE_MS).then(note),
  });
  return (note) => notes.load(note);
}
