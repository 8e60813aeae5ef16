import { parseArgs } from "node:util";
import { loadConfig } from "../config/environment.ts";
import { reportStartError, StartError } from "../config/start-error.ts";
import { connect } from "../db/connect.ts";
import { createOutbox, type Outbox } from "../mail/outbox.ts";
import { createLog } from "../ops/log.ts";
import { readableAddress } from "../service/identity/email-address.ts";

const USAGE = `npm run emails                     lists the emails that were given up, and why
npm run emails -- replay 12 13     has those tried again
npm run emails -- replay --all     has all of them tried again`;

function say(line: string) {
  process.stdout.write(`${line}\n`);
}

async function list(outbox: Outbox) {
  let count = 0;
  for await (const emails of outbox.givenUp()) {
    count += emails.length;
    for (const email of emails)
      say(
        `${email.id}\t${email.finished_at?.toISOString()}\t${readableAddress(email.email_key)}\t${email.last_response}`,
      );
  }
  if (count === 0) say("No email was given up.");
}

function idsFrom(words: readonly string[]) {
  if (words.length > 0 && words.every((word) => /^\d{1,15}$/.test(word))) return words.map(Number);
  throw new StartError(`expected the numbers of emails, or --all\n${USAGE}`);
}

async function replayAll(outbox: Outbox) {
  let count = 0;
  for await (const emails of outbox.givenUp()) count += await outbox.replay(emails.map(({ id }) => id));
  return count;
}

async function replay(outbox: Outbox, words: readonly string[], all: boolean) {
  const count = await (all && words.length === 0 ? replayAll(outbox) : outbox.replay(idsFrom(words)));
  say(`${count} ${count === 1 ? "email" : "emails"} will be tried again.`);
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { all: { type: "boolean", default: false } } });
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

async function run() {
  const { values, positionals } = readArguments();
  const [command = "list", ...words] = positionals;
  if (command !== "list" && command !== "replay") throw new StartError(USAGE);
  const { db, close } = await connect(loadConfig().database, createLog("silent"));
  try {
    const outbox = createOutbox(db);
    await (command === "list" ? list(outbox) : replay(outbox, words, values.all));
  } finally {
    await close();
  }
}

try {
  await run();
} catch (error) {
  reportStartError(error);
  process.exitCode = 1;
}
