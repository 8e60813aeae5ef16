import type { Knex } from "knex";
import type { QueryBuilder } from "objection";
import type { KeyedMutex } from "../../admission/keyed-mutex.ts";
import type { Limiter } from "../../limits/limiter.ts";
import { Acceptance } from "../../models/acceptance.ts";
import { EmailChange } from "../../models/email-change.ts";
import { OutboxEmail } from "../../models/outbox-email.ts";
import { OutboxEvent } from "../../models/outbox-event.ts";
import { Session } from "../../models/session.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { type Result, refuse } from "../refusal.ts";
import { toOutput } from "../sessions/hand-over.ts";
import type { FindSession, LiveSession } from "../sessions/live.ts";
import type { ExportOutput } from "./input.ts";

const iso = (time: Date | null) => time?.toISOString() ?? null;

async function exportSessions(db: Knex, { account }: LiveSession): Promise<ExportOutput["sessions"]> {
  const sessions = await Session.query(db).where({ user_id: account.id }).orderBy("id");
  return sessions.map(({ kind, created_at, authenticated_at, last_seen_at, expires_at, ip, user_agent }) => ({
    kind,
    createdAt: created_at.toISOString(),
    authenticatedAt: authenticated_at.toISOString(),
    lastSeenAt: last_seen_at.toISOString(),
    expiresAt: expires_at.toISOString(),
    ip,
    userAgent: user_agent,
  }));
}

/** The one that the account is of. Others may be of people who typed the address. */
async function exportSignUps(db: Knex, { account }: LiveSession): Promise<ExportOutput["signUps"]> {
  const signUps = await SignUp.query(db).where({ user_id: account.id, outcome: "verified" }).orderBy("id");
  return signUps.map(({ email, created_at, user_agent, language }) => ({
    email,
    createdAt: created_at.toISOString(),
    userAgent: user_agent,
    language,
  }));
}

async function exportEmailChanges(db: Knex, { account }: LiveSession): Promise<ExportOutput["emailChanges"]> {
  const changes = await EmailChange.query(db).where({ user_id: account.id }).orderBy("id");
  return changes.map(({ old_email, new_email, created_at, changed_at, outcome }) => ({
    from: old_email,
    to: new_email,
    askedAt: created_at.toISOString(),
    changedAt: iso(changed_at),
    outcome,
  }));
}

/**
 * Those to the mailboxes of the account: not of another one that had the address before. Nor those to an address that was
 * asked for: what came of one may tell whether somebody has it, for it goes as they spell it.
 */
async function exportEmails(db: Knex, { account: { id, emailKey } }: LiveSession): Promise<ExportOutput["emails"]> {
  const emails = await OutboxEmail.query(db)
    .whereNot({ purpose: "email_change" })
    .where((email: QueryBuilder<OutboxEmail>) =>
      email.where({ user_id: id }).orWhere({ email_key: emailKey, user_id: null }),
    )
    .orderBy("id");
  return emails.map(({ purpose, created_at, finished_at, outcome }) => ({
    purpose,
    createdAt: created_at.toISOString(),
    finishedAt: iso(finished_at),
    outcome,
  }));
}

/** What was told of the account, or is yet to be. */
async function exportEvents(db: Knex, { account: { id } }: LiveSession): Promise<ExportOutput["events"]> {
  const events = await OutboxEvent.query(db).where({ user_id: id }).orderBy("id");
  return events.map(({ type, consumer, created_at, finished_at, outcome }) => ({
    type,
    toldTo: consumer,
    createdAt: created_at.toISOString(),
    finishedAt: iso(finished_at),
    outcome,
  }));
}

async function exportAcceptances(db: Knex, { account }: LiveSession): Promise<ExportOutput["acceptances"]> {
  const acceptances = await Acceptance.query(db).where({ user_id: account.id }).orderBy("id");
  return acceptances.map(({ url, version, accepted_at, ip, language }) => ({
    ...{ url, version, ip, language },
    acceptedAt: accepted_at.toISOString(),
  }));
}

async function exportAll(db: Knex, session: LiveSession): Promise<ExportOutput | undefined> {
  const user = await User.query(db).findById(session.account.id);
  if (!user) return undefined;
  const { created_at, updated_at, email_verified_at, language } = user;
  return {
    account: {
      ...toOutput(session.account),
      createdAt: created_at.toISOString(),
      updatedAt: updated_at.toISOString(),
      verifiedAt: iso(email_verified_at),
      language,
    },
    signUps: await exportSignUps(db, session),
    sessions: await exportSessions(db, session),
    emailChanges: await exportEmailChanges(db, session),
    emails: await exportEmails(db, session),
    events: await exportEvents(db, session),
    acceptances: await exportAcceptances(db, session),
  };
}

export type ExportDeps = {
  db: Knex;
  limiter: Limiter;
  findSession: FindSession;
  mutex: KeyedMutex<ExportOutput | undefined>;
};

/**
 * Gives whoever is signed in all that is kept of them. That may be much, such as a hundred thousand sessions: so it counts as
 * an attempt, and who asks many times at once has it read once.
 */
export async function exportAccount(
  { db, limiter, findSession, mutex }: ExportDeps,
  caller: Caller,
): Promise<Result<ExportOutput, "not_signed_in" | "rate_limited">> {
  const session = await findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const spent = await limiter.spend({ ip: caller.ip });
  if (!spent.ok) return spent;
  const exported = await mutex(String(session.account.id), async (before) => before ?? exportAll(db, session));
  return exported ? ok(exported) : refuse({ code: "not_signed_in" });
}
