import knex from "knex";
import { DBError } from "objection";

export class Unreachable extends Error {
  override name = "Unreachable";
}

/** PostgreSQL's manual, appendix A. After a `passing` error the same statement may succeed later. */
export const CLASSES: Readonly<Record<string, "passing" | "lasting">> = {
  "03": "lasting", // SQL statement not yet complete
  "08": "passing", // connection exception; all of PgBouncer's own errors have this class
  "09": "lasting", // triggered action exception
  "0A": "passing", // feature not supported: an unlogged table on a standby
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
  "26": "lasting", // invalid SQL statement name; Foyer has no named ones
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
  "58": "passing", // system error: the disk fails
  "72": "passing", // snapshot too old
  F0: "passing", // configuration file error
  HV: "lasting", // foreign data wrapper error
  P0: "lasting", // PL/pgSQL error: raised by a trigger of the operator's
  XX: "lasting", // internal error
};

const READ_ONLY = "25006";
const [IDLE_IN_TRANSACTION_TIMEOUT, TRANSACTION_TIMEOUT] = ["25P03", "25P04"];
const PASSING_OF_LASTING_CLASS = [READ_ONLY, IDLE_IN_TRANSACTION_TIMEOUT, TRANSACTION_TIMEOUT];
/** Serialization failure and deadlock: rolled back, and to be retried (manual, section 13.5). */
const UNDONE = ["40001", "40P01"];
const SOCKET =
  /^(ECONN(REFUSED|RESET|ABORTED)|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL|ERR_(TLS|SSL)_\w+)$/;
const SQLSTATE = /^[0-9A-Z]{5}$/;

function unwrap(error: unknown): unknown {
  return error instanceof DBError ? error.nativeError : error;
}

function readCode(error: unknown): string | undefined {
  const native = unwrap(error);
  return native instanceof Error && "code" in native && typeof native.code === "string" ? native.code : undefined;
}

/** Whether an error means that the database cannot be used at present, rather than that a query is wrong. */
export function isUnavailable(error: unknown): boolean {
  const native = unwrap(error);
  if (native instanceof Unreachable || native instanceof knex.KnexTimeoutError) return true;
  const code = readCode(native);
  if (code !== undefined && SOCKET.test(code)) return true;
  if (code !== undefined && SQLSTATE.test(code))
    return PASSING_OF_LASTING_CLASS.includes(code) || CLASSES[code.slice(0, 2)] === "passing";
  return (
    native instanceof Error &&
    /^(.* - )?(Connection terminated|Client (has encountered a connection error|was closed)|Unable to acquire a connection)/s.test(
      native.message,
    )
  );
}

/** Whether the server does not accept writes. A standby refuses unlogged tables first, as unsupported (0A). */
export function isReadOnly(error: unknown): boolean {
  const code = readCode(error);
  return code === READ_ONLY || code?.startsWith("0A") === true;
}

/** Errors of transactions that did not begin. A connection's error, too, belongs to one transaction alone. */
const unbegun = new WeakSet();

/** Notes that nothing was done, as the transaction did not begin: its connection had ended, or was cancelled. */
export function markUnbegun(error: unknown): void {
  if (error instanceof Error) unbegun.add(error);
}

/** Whether a transaction did nothing and may succeed at once: it lost a conflict, or did not begin. */
export function isRepeatable(error: unknown): boolean {
  const native = unwrap(error);
  return (
    UNDONE.includes(readCode(native) ?? "") || (native instanceof Error && unbegun.has(native) && isUnavailable(native))
  );
}

/** Removes an error's detail, in which PostgreSQL quotes the refused row with its password hash. */
export function hideValues(error: unknown): void {
  if (error instanceof Error && "detail" in error) error.detail = undefined;
}

const UNIQUE_VIOLATION = "23505";

/** The unique constraint that is violated, if one is. objection would read it from the detail, which is hidden. */
export function violatedUnique(error: unknown): string | undefined {
  const native = unwrap(error);
  return readCode(native) === UNIQUE_VIOLATION && native instanceof Error && "constraint" in native
    ? String(native.constraint)
    : undefined;
}

/** The first also of `on delete restrict`, which is the second from PostgreSQL 18 on. */
const REFERRED_TO = ["23503", "23001"];

/** Whether a row could not be deleted because another table's refers to it, or written because the one it refers to is gone. */
export function violatesForeignKey(error: unknown): boolean {
  return REFERRED_TO.includes(readCode(error) ?? "");
}

/** One line for the operator, without the statement's further lines. */
export function describeError(error: unknown) {
  if (!(error instanceof Error)) return String(error);
  // After trying several addresses of one host, Node throws an AggregateError without a message.
  return error.message.split("\n")[0] || ("code" in error ? String(error.code) : error.name);
}
