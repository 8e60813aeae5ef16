import { parseArgs } from "node:util";
import { loadConfig } from "../config.ts";
import { connect } from "../db/connect.ts";
import { createOutbox, type Outbox } from "../mail/outbox.ts";
import { createLog } from "../ops/log.ts";
import { readableAddress } from "../service/email-address.ts";
import { reportStartError, StartError } from "../start-error.ts";

const USAGE = `npm run mails                     lists the mails that were given up, and why
npm run mails -- replay 12 13     has those tried anew
npm run mails -- replay --all     has all of them tried anew`;

function say(line: string) {
  process.stdout.write(`${line}\n`);
}

async function list(outbox: Outbox) {
  let count = 0;
  for await (const mails of outbox.givenUp()) {
    count += mails.length;
    for (const mail of mails) say(`${mail.id}\t${mail.done_at?.toISOString()}\t${readableAddress(mail.email_key)}\t${mail.reply}`);
  }
  if (count === 0) say("No mail was given up.");
}

function idsFrom(words: readonly string[]) {
  if (words.length > 0 && words.every((word) => /^\d{1,15}$/.test(word))) return words.map(Number);
  throw new StartError(`expected the numbers of mails, or --all\n${USAGE}`);
}

async function replayAll(outbox: Outbox) {
  let count = 0;
  for await (const mails of outbox.givenUp()) count += await outbox.replay(mails.map(({ id }) => id));
  return count;
}

async function replay(outbox: Outbox, words: readonly string[], all: boolean) {
  const count = await (all && words.length === 0 ? replayAll(outbox) : outbox.replay(idsFrom(words)));
  say(`${count} ${count === 1 ? "mail" : "mails"} will be tried anew.`);
}

function readArguments() {
  try {
    return parseArgs({ allowPositionals: true, options: { all: { type: "boolean", default: false } } });
  } catch (error) {
    throw new StartError(`${error instanceof Error ? error.message : error}\n${USAGE}`);
  }
}

/** Lists the mails that were given up, or has them tried anew: `npm run mails`. */
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
