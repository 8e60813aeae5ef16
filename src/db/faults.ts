import knex from "knex";
import { DBError } from "objection";

/** No server that may be written to could be reached; the message says why. */
export class Unreachable extends Error {
  override name = "Unreachable";
}

/**
 * What each class of PostgreSQL's error codes says (appendix A of its manual): `passing` for "not now", after which the same may
 * well succeed, and `lasting` for what only a change of the code or the schema mends.
 */
export const CLASSES: Readonly<Record<string, "passing" | "lasting">> = {
  "03": "lasting", // SQL statement not yet complete
  "08": "passing", // connection exception; PgBouncer says all that it has to say with it
  "09": "lasting", // triggered action exception
  "0A": "passing", // feature not supported: by a standby, an unlogged table; Foyer asks no server for what it has not
  "0B": "lasting", // invalid transaction initiation
  "0F": "lasting", // locator exception
  "0L": "lasting", // invalid grantor
  "0P": "lasting", // invalid role specification
  "0Z": "lasting", // diagnostics exception
  "10": "lasting", // XQuery error
  "20": "lasting", // case not found
  "21": "lasting", // cardinality violation
  "22": "lasting", // data exception
  "23": "lasting", // integrity constraint violation
  "24": "lasting", // invalid cursor state
  "25": "lasting", // invalid transaction state
  "26": "lasting", // invalid SQL statement name: there are no named ones
  "27": "lasting", // triggered data change violation
  "28": "passing", // invalid authorization: a password is being changed
  "2B": "lasting", // dependent privilege descriptors still exist
  "2D": "lasting", // invalid transaction termination
  "2F": "lasting", // SQL routine exception
  "34": "lasting", // invalid cursor name
  "38": "lasting", // external routine exception
  "39": "lasting", // external routine invocation exception
  "3B": "lasting", // savepoint exception
  "3D": "passing", // invalid catalog name: the database is being restored
  "3F": "lasting", // invalid schema name
  "40": "passing", // transaction rollback: serialization failure, deadlock
  "42": "lasting", // syntax error or access rule violation
  "44": "lasting", // WITH CHECK OPTION violation
  "53": "passing", // insufficient resources: disk, memory, connections
  "54": "lasting", // program limit exceeded
  "55": "passing", // object not in prerequisite state: in use, locked
  "57": "passing", // operator intervention: cancelled, shutting down, starting
  "58": "passing", // system error: its disk fails
  "72": "passing", // snapshot too old
  F0: "passing", // configuration file error
  HV: "lasting", // foreign data wrapper error
  P0: "lasting", // PL/pgSQL error: a trigger of the operator's refuses
  XX: "lasting", // internal error
};

const READ_ONLY = "25006";
/** Codes that are not as their class is: read only, and transactions that idled or took too long, so that the server ended them. */
const PASSING = [READ_ONLY, "25P03", "25P04"];
const SOCKET = /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_(TLS|SSL)_\w+)$/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

function nativeOf(error: unknown): unknown {
  return error instanceof DBError ? error.nativeError : error;
}

/** PostgreSQL's code of an error, or that of the operating system; undefined where it has none. */
function codeOf(error: unknown): string | undefined {
  const native = nativeOf(error);
  return native instanceof Error && "code" in native && typeof native.code === "string" ? native.code : undefined;
}

/** Tells whether an error says that the database cannot be used just now, rather than that a query is wrong. */
export function isUnavailable(error: unknown): boolean {
  const native = nativeOf(error);
  if (native instanceof Unreachable || native instanceof knex.KnexTimeoutError) return true;
  const code = codeOf(native);
  if (code !== undefined && SOCKET.test(code)) return true;
  if (code !== undefined && SQLSTATE.test(code)) return PASSING.includes(code) || CLASSES[code.slice(0, 2)] === "passing";
  // node-postgres gives these no code.
  return (
    native instanceof Error &&
    /^(.* - )?(Connection terminated|Client (has encountered a connection error|was closed))/.test(native.message)
  );
}

/** Tells whether an error says that the server does not let us write: it is a standby, or was made read only before a switch-over. */
export function isReadOnly(error: unknown): boolean {
  const code = codeOf(error);
  // A standby has no unlogged tables, and says that before it says that it is read only.
  return code === READ_ONLY || code?.startsWith("0A") === true;
}

/** Serialization failure and deadlock: all of the transaction was undone, and doing it again is what the manual asks for (section 13.5). */
const UNDONE = ["40001", "40P01"];

/** Tells whether an error says that nothing was done, and would have been but for others at the same moment. */
export function isUndone(error: unknown): boolean {
  return UNDONE.includes(codeOf(error) ?? "");
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
  const native = nativeOf(error);
  return codeOf(native) === UNIQUE_VIOLATION && native instanceof Error && "constraint" in native ? String(native.constraint) : undefined;
}
