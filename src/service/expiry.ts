import type { Knex } from "knex";
import { type QueryBuilder, raw } from "objection";
import type { Logger } from "pino";
import { Mail } from "../models/mail.ts";
import { SignUp } from "../models/sign-up.ts";
import { User } from "../models/user.ts";

const EVERY_MS = 10 * 60_000;

/**
 * Deletes what nobody verified: accounts past their time, and sign-ups as old, unless a mail about them waits or went out
 * lately. Instances may do so at the same time, and beside people who verify.
 * @param days for which both are kept.
 */
export async function expire(db: Knex, days: number): Promise<void> {
  const longAgo = raw("now() - make_interval(days => ?)", [days]);
  const lately = (table: string) =>
    Mail.query(db)
      .whereRaw("mails.email_key = ??", [`${table}.email_key`])
      .where((mail: QueryBuilder<Mail>) => mail.whereNull("done_at").orWhere("done_at", ">", longAgo));
  await User.query(db).delete().whereNull("email_verified_at").where("confirm_by", "<", raw("now()")).whereNotExists(lately("users"));
  const old = SignUp.query(db).where("created_at", "<", longAgo).whereNotExists(lately("sign_ups"));
  // Not one that is being verified at this moment.
  await SignUp.query(db).delete().whereIn("id", old.select("id").forUpdate().skipLocked());
  // Those about a sign-up go with it.
  await Mail.query(db).delete().whereNull("sign_up_id").where("created_at", "<", longAgo);
}

/** Has that done now and then. @returns a function that stops it. */
export function startExpiry(db: Knex, days: number, log: Logger): () => void {
  const run = () => void expire(db, days).catch((error: unknown) => log.warn({ err: error }, "what expired could not be deleted"));
  const timer = setInterval(run, EVERY_MS).unref();
  run();
  return () => clearInterval(timer);
}
