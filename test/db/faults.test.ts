import { expect } from "chai";
import knex from "knex";
import { DBError } from "objection";
import { CLASSES, isReadOnly, isRepeatable, isUnavailable, Unreachable } from "../../src/db/faults.ts";

function fault(code: string) {
  return Object.assign(new Error("of the database"), { code });
}

/** As objection hands an error on. */
function wrapped(nativeError: Error): unknown {
  return Object.assign(Object.create(DBError.prototype), { nativeError });
}

/** Each class of appendix A of PostgreSQL's manual with one of its codes, and whether the same may succeed later. */
const APPENDIX_A = [
  ["03000", "SQL statement not yet complete", false],
  ["08006", "connection failure", true],
  ["08P01", "protocol violation, as PgBouncer says all that it says", true],
  ["09000", "triggered action exception", false],
  ["0A000", "feature not supported, as a standby says of an unlogged table", true],
  ["0B000", "invalid transaction initiation", false],
  ["0F001", "invalid locator specification", false],
  ["0L000", "invalid grantor", false],
  ["0P000", "invalid role specification", false],
  ["0Z000", "diagnostics exception", false],
  ["10608", "invalid argument for XQuery", false],
  ["20000", "case not found", false],
  ["21000", "cardinality violation", false],
  ["22021", "character not in repertoire", false],
  ["23505", "unique violation", false],
  ["24000", "invalid cursor state", false],
  ["25P02", "in failed SQL transaction", false],
  ["25006", "read only SQL transaction", true],
  ["25P03", "idle in transaction session timeout", true],
  ["25P04", "transaction timeout", true],
  ["26000", "invalid SQL statement name", false],
  ["27000", "triggered data change violation", false],
  ["28P01", "invalid password", true],
  ["2BP01", "dependent objects still exist", false],
  ["2D000", "invalid transaction termination", false],
  ["2F005", "function executed no return statement", false],
  ["34000", "invalid cursor name", false],
  ["38001", "containing SQL not permitted", false],
  ["39P01", "trigger protocol violated", false],
  ["3B001", "invalid savepoint specification", false],
  ["3D000", "invalid catalog name", true],
  ["3F000", "invalid schema name", false],
  ["40001", "serialization failure", true],
  ["40003", "statement completion unknown", true],
  ["40P01", "deadlock detected", true],
  ["42P01", "undefined table", false],
  ["44000", "WITH CHECK OPTION violation", false],
  ["53300", "too many connections", true],
  ["54000", "program limit exceeded", false],
  ["55P03", "lock not available", true],
  ["57014", "query canceled", true],
  ["57P01", "admin shutdown", true],
  ["57P05", "idle session timeout", true],
  ["58030", "I/O error", true],
  ["72000", "snapshot too old", true],
  ["F0001", "lock file exists", true],
  ["HV000", "foreign data wrapper error", false],
  ["P0001", "raise exception", false],
  ["XX000", "internal error", false],
] as const;

describe("the classes of PostgreSQL's errors", () => {
  for (const [code, name, passing] of APPENDIX_A) {
    it(`say that ${code}, ${name}, ${passing ? "may pass by itself" : "does not pass by itself"}`, () => {
      expect(isUnavailable(fault(code))).to.equal(passing);
      expect(isUnavailable(wrapped(fault(code)))).to.equal(passing);
    });
  }

  it("are all decided", () => {
    const classes = new Set(APPENDIX_A.map(([code]) => code.slice(0, 2)));
    expect(Object.keys(CLASSES).toSorted()).to.deep.equal([...classes].toSorted());
  });

  it("say of two codes that all was undone and can be done again", () => {
    expect(APPENDIX_A.map(([code]) => code).filter((code) => isRepeatable(fault(code)))).to.deep.equal([
      "40001",
      "40P01",
    ]);
  });

  it("say of two codes that the server is not the one to write to", () => {
    expect(APPENDIX_A.map(([code]) => code).filter((code) => isReadOnly(fault(code)))).to.deep.equal([
      "0A000",
      "25006",
    ]);
  });

  it("say that errors of the network and of the pool may pass, and those of the program do not", () => {
    for (const error of [
      fault("ECONNRESET"),
      fault("EPIPE"),
      new Error("Connection terminated unexpectedly"),
      new Error("insert into rate_limits\n  values ($1); - Connection terminated unexpectedly"),
      new Unreachable("x"),
      new knex.KnexTimeoutError("full"),
    ]) {
      expect(isUnavailable(error)).to.equal(true);
    }
    for (const error of [
      new TypeError("x is not a function"),
      fault("ERR_INVALID_ARG_TYPE"),
      fault("ENOENT"),
      "a string",
      undefined,
    ]) {
      expect(isUnavailable(error)).to.equal(false);
    }
  });
});
