import { parseArgs } from "node:util";
import { loadConfig } from "../config/environment.ts";
import { reportStartError, StartError } from "../config/start-error.ts";
import { connect, type Database } from "../db/connect.ts";
import { createLog } from "../ops/log.ts";
import type { GivenUp, GivenUpRow } from "../outbox/given-up.ts";

/** What a command line is about. @param describe what tells one from another, beside its number. */
type Subject<Row extends GivenUpRow> = {
  noun: "email" | "event";
  open: (db: Database["db"]) => GivenUp<Row>;
  describe: (row: Row) => string;
};

function usage(noun: string) {
  return `npm run ${noun}s                     lists the ${noun}s that were given up, and why
npm run ${noun}s -- replay 12 13     has those tried again
npm run ${noun}s -- replay --all     has all of them tried again`;
}

function say(line: string) {
  process.stdout.write(`${line}\n`);
}

async function list<Row extends GivenUpRow>({ noun, describe }: Subject<Row>, givenUp: GivenUp<Row>) {
  let count = 0;
  for await (const rows of givenUp.list()) {
    count += rows.length;
    for (const row of rows) say(`${row.id}\t${row.finished_at?.toISOString()}\t${describe(row)}\t${row.last_response}`);
  }
  if (count === 0) say(`No ${noun} was given up.`);
}

function idsFrom(noun: string, words: readonly string[]) {
  if (words.length > 0 && words.every((word) => /^\d{1,15}$/.test(word))) return words.map(Number);
  throw new StartError(`expected the numbers of ${noun}s, or --all\n${usage(noun)}`);
}

async function replayAll<Row extends GivenUpRow>(givenUp: GivenUp<Row>) {
  let count = 0;
  for await (const rows of givenUp.list()) count += await givenUp.replay(rows.map(({ id }) => id));
  return count;
}

function readArguments(noun: string) {
  try {
    return parseArgs({ allowPositionals: true, options: { all: { type: "boolean", default: false } } });
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error}\n${usage(noun)}`);
  }
}

async function run<Row extends GivenUpRow>(subject: Subject<Row>) {
  const { noun, open } = subject;
  const { values, positionals } = readArguments(noun);
  const [command = "list", ...words] = positionals;
  if (command !== "list" && command !== "replay") throw new StartError(usage(noun));
  const { db, close } = await connect(loadConfig().database, createLog("silent"));
  try {
    const givenUp = open(db);
    if (command === "list") return await list(subject, givenUp);
    const all = values.all && words.length === 0;
    const count = await (all ? replayAll(givenUp) : givenUp.replay(idsFrom(noun, words)));
    say(`${count} ${noun}${count === 1 ? "" : "s"} will be tried again.`);
  } finally {
    await close();
  }
}

/** The command line that lists what an outbox gave up, and has it tried again. */
export async function runGivenUp<Row extends GivenUpRow>(subject: Subject<Row>): Promise<void> {
  try {
    await run(subject);
  } catch (error) {
    reportStartError(error);
    process.exitCode = 1;
  }
}
