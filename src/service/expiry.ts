import { setImmediate } from "node:timers/promises";
import type { Knex } from "knex";
import { type Model, type QueryBuilder, raw } from "objection";
import type { Logger } from "pino";
import { deleteExpiredCounters } from "../limits/expired.ts";
import { Mail } from "../models/mail.ts";
import { SignUp } from "../models/sign-up.ts";
import { User } from "../models/user.ts";

const EVERY_MS = 10 * 60_000;
/** Rows a statement. What hangs on them is deleted with them, and on the embedded database all else waits meanwhile. */
const PAGE = 250;

/** A time as a text that every database reads alike, and that is exact, as a Date is not. */
const EXACT_TIME = `to_char(?? at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`;

/** One value for all of a page, where a list would be hundreds. */
const AMONG = "id = any(?::bigint[])";

type Row = { id: number; at: string };

/**
 * Goes through rows by a time of theirs, the oldest first, a page at a time: however many there are, and however many of them stay, each statement is a
 * short one. In between others have their turn.
 */
async function inPages<M extends Model>(
  rows: () => QueryBuilder<M, M[]>,
  time: string,
  signal: AbortSignal | undefined,
  work: (ids: number[]) => PromiseLike<unknown>,
) {
  let last: Row | undefined;
  do {
    const page = rows()
      .select("id", raw(EXACT_TIME, [time]).as("at"))
      .orderBy([time, "id"])
      .limit(PAGE);
    if (last) page.whereRaw("(??, id) > (?::timestamptz, ?)", [time, last.at, last.id]);
    const found = await page.castTo<Row[]>();
    if (found.length > 0) await work(found.map(({ id }) => id));
    last = found.length === PAGE ? found.at(-1) : undefined;
    await setImmediate();
  } while (last && !signal?.aborted);
}

/**
 * Deletes what nobody verified: accounts past their time, and sign-ups as old, unless a mail about them waits or went out
 * lately; and the counters of limits whose time is over. Instances may do so at the same time, and beside people who verify.
 * @param days for which accounts and sign-ups are kept.
 * @param signal ends it between two statements.
 */
export async function expire(db: Knex, days: number, signal?: AbortSignal): Promise<void> {
  const longAgo = raw("now() - make_interval(days => ?)", [days]);
  const lately = (table: string) =>
    Mail.query(db)
      .whereRaw("mails.email_key = ??", [`${table}.email_key`])
      .where((mail: QueryBuilder<Mail>) => mail.whereNull("done_at").orWhere("done_at", ">", longAgo));

  const lateUsers = () => User.query(db).whereNull("email_verified_at").where("confirm_by", "<", raw("now()"));
  await inPages(lateUsers, "confirm_by", signal, (ids) => {
    const late = lateUsers().whereRaw(AMONG, [ids]).whereNotExists(lately("users"));
    // Not one that is being verified at this moment, or that another instance has.
    return User.query(db).delete().whereIn("id", late.select("id").forUpdate().skipLocked());
  });

  const oldSignUps = () => SignUp.query(db).where("created_at", "<", longAgo);
  await inPages(oldSignUps, "created_at", signal, (ids) => {
    const old = oldSignUps().whereRaw(AMONG, [ids]).whereNotExists(lately("sign_ups"));
    return SignUp.query(db).delete().whereIn("id", old.select("id").forUpdate().skipLocked());
  });

  // Those about a sign-up go with it.
  const oldMails = () => Mail.query(db).whereNull("sign_up_id").where("created_at", "<", longAgo);
  await inPages(oldMails, "created_at", signal, (ids) => Mail.query(db).delete().whereRaw(AMONG, [ids]));

  while (!signal?.aborted && (await deleteExpiredCounters(db, PAGE)) === PAGE) await setImmediate();
}

/** Has that done now and then. @returns a function that stops it. */
export function startExpiry(db: Knex, days: number, log: Logger): () => void {
  const stopping = new AbortController();
  let isRunning = false;
  const run = async () => {
    if (isRunning) return;
    isRunning = true;
    try {
      await expire(db, days, stopping.signal);
    } catch (error) {
      log.warn({ err: error }, "what expired could not be deleted");
    } finally {
      isRunning = false;
    }
  };
  const timer = setInterval(run, EVERY_MS).unref();
  void run();
  return () => {
    clearInterval(timer);
    stopping.abort();
  };
}
