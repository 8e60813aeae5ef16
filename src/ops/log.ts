import { type DestinationStream, type Logger, pino } from "pino";
import pretty from "pino-pretty";
import type { Config } from "../config/environment.ts";

/** Picks the parts of an error that hold nothing a client sent. PostgreSQL's `detail`, for one, quotes the row. */
function describeError(error: unknown) {
  if (!(error instanceof Error)) return { type: typeof error };
  return {
    type: error.name,
    message: error.message,
    stack: error.stack,
    code: "code" in error ? error.code : undefined,
  };
}

function terminalOrPipe(): DestinationStream {
  return process.stdout.isTTY ? pretty({ ignore: "pid,hostname", singleLine: true }) : pino.destination(1);
}

/** Creates the log: a line of JSON for each event, or readable text when the output is a terminal. */
export function createLog(level: Config["logLevel"], destination: DestinationStream = terminalOrPipe()): Logger {
  return pino({ level, serializers: { err: describeError } }, destination);
}
