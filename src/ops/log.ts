import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "../config.ts";

/**
 * Of an error, only what is known to hold no value that a client sent: PostgreSQL's `detail`, for one, quotes the row.
 */
function describeError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error };
  return { type: error.name, message: error.message, stack: error.stack, code: "code" in error ? error.code : undefined };
}

function terminalOrPipe(): DestinationStream {
  return process.stdout.isTTY ? pretty({ ignore: "pid,hostname", singleLine: true }) : pino.destination(1);
}

/** The log: a line of JSON for each event, or text to read where the output is a terminal. */
export function createLog(level: Config["logLevel"], destination: DestinationStream = terminalOrPipe()): Logger {
  return pino({ level, serializers: { err: describeError } }, destination);
}
