import knex from "knex";
import { DBError } from "objection";

/**
 * PostgreSQL's codes for "not now": connection lost (08), login or database gone (28, 3D), insufficient resources
 * (53), shutting down, starting or out of time (57), its disk failing (58), and read-only, as a standby is until it takes over (25006). See appendix A of its manual.
 */
const NOT_NOW = /^(08|28|3D|53|57|58|25006)/;
const NETWORK =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|ENOTFOUND|EAI_AGAIN|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_(TLS|SSL)_\w+|CERT_\w+|DEPTH_ZERO_\w+|SELF_SIGNED_\w+|UNABLE_TO_\w+)$/;

/** Tells whether an error says that the database cannot be used just now, rather than that a query is wrong. */
export function isUnavailable(error: unknown): boolean {
  if (error instanceof DBError) return isUnavailable(error.nativeError);
  if (error instanceof knex.KnexTimeoutError) return true;
  if (!(error instanceof Error)) return false;
  if ("code" in error && typeof error.code === "string") return NOT_NOW.test(error.code) || NETWORK.test(error.code);
  // node-postgres gives these no code.
  return /^(.* - )?(Connection terminated|timeout expired|Client has encountered a connection error|The server does not support SSL)/.test(
    error.message,
  );
}

/** PostgreSQL quotes in an error's detail the row that it refuses, a hash among it: whoever shows the error would show that. */
export function hideValues(error: unknown): void {
  if (error instanceof Error && "detail" in error) error.detail = undefined;
}

const UNIQUE_VIOLATION = "23505";

/**
 * The name of the unique constraint that an error says is violated. Not by objection's UniqueViolationError, which reads the
 * error's detail: that is in the server's language, and hidden.
 */
export function violatedUnique(error: unknown): string | undefined {
  if (error instanceof DBError) return violatedUnique(error.nativeError);
  if (!(error instanceof Error && "code" in error && error.code === UNIQUE_VIOLATION && "constraint" in error)) return undefined;
  return String(error.constraint);
}
