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

async function list(outbox: Outbox) {
  const mails = await outbox.givenUp();
  const lines = mails.map((mail) => `${mail.id}\t${mail.done_at?.toISOString()}\t${readableAddress(mail.email_key)}\t${mail.reply}`);
  return lines.join("\n") || "No mail was given up.";
}

function idsFrom(words: readonly string[]) {
  if (words.length > 0 && words.every((word) => /^\d{1,15}$/.test(word))) return words.map(Number);
  throw new StartError(`expected the numbers of mails, or --all\n${USAGE}`);
}

async function replay(outbox: Outbox, words: readonly string[], all: boolean) {
  const count = await outbox.replay(all && words.length === 0 ? undefined : idsFrom(words));
  return `${count} ${count === 1 ? "mail" : "mails"} will be tried anew.`;
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
    const said = command === "list" ? await list(outbox) : await replay(outbox, words, values.all);
    process.stdout.write(`${said}\n`);
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
