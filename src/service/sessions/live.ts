import { setImmediate } from "node:timers/promises";
import DataLoader from "dataloader";
import type { Knex } from "knex";
import type { Logger } from "pino";
import { getSchema } from "../../db/schema.ts";
import { transaction } from "../../db/transaction.ts";
import type { SessionKind } from "../../models/session.ts";
import { digest } from "../../secrets/digest.ts";
import type { Credential } from "../caller.ts";
import { isActive } from "../identity/account.ts";
import type { Terms } from "../identity/terms.ts";
import { hasAccepted } from "./due-terms.ts";
import { isWellFormed } from "./token.ts";

/** A session that has not ended, with its account. */
export type LiveSession = {
  id: number;
  tokenHash: string;
  kind: SessionKind;
  createdAt: Date;
  authenticatedAt: Date;
  /** By the database's clock. */
  secondsSinceAuthentication: number;
  expiresAt: Date;
  account: {
    id: number;
    email: string;
    emailKey: string;
    verified: boolean;
    deletesAt: Date | null;
    termsDue?: Terms | undefined;
  };
};

/**
 * What makes a session live, of `sessions` as `s` and `users` as `u`. Only the database's clock counts, for instances'
 * clocks differ.
 */
export const IS_LIVE = `s.epoch = u.session_epoch and ${isActive("u")} and s.expires_at > now()
    and s.last_seen_at + make_interval(secs => s.idle_seconds) > now()`;

/** When it was last seen is noted no more often, or each check would write. */
const IS_LATE = "last_seen_at < now() - interval '5 minutes'";

const find = (more: string) => `
  select s.id, s.token_hash, s.kind, s.created_at, s.authenticated_at, s.expires_at,
    cast(extract(epoch from now() - s.authenticated_at) as float) as authentication_age, s.${IS_LATE} as is_late,
    u.id as user_id, u.email, u.email_key, u.email_verified_at is not null as verified, u.deletes_at${more}
  from :sessions: s join :users: u on u.id = s.user_id
  where s.token_hash = any(cast(:hashes as text[])) and ${IS_LIVE}`;

const FIND = find("");
const FIND_WITH_TERMS = find(`, ${hasAccepted("u")} as has_accepted`);

type Row = {
  id: number;
  token_hash: string;
  kind: SessionKind;
  created_at: Date;
  authenticated_at: Date;
  expires_at: Date;
  authentication_age: number;
  is_late: boolean;
  user_id: number;
  email: string;
  email_key: string;
  verified: boolean;
  deletes_at: Date | null;
  has_accepted?: boolean;
};

const SEEN = `update ??.sessions set last_seen_at = now() where id = any(cast(? as bigint[])) and ${IS_LATE}`;

/** A crash may lose it: then sessions seem idle for some minutes longer. */
function noteSeen(db: Knex, ids: number[]) {
  return transaction(db, async (trx) => {
    await trx.raw("set local synchronous_commit = off");
    await trx.raw(SEEN, [getSchema(db), ids]);
  });
}

function toSession(row: Row, terms: Terms | undefined): LiveSession {
  const { id, token_hash, kind, created_at, authenticated_at, authentication_age, expires_at } = row;
  const { user_id, email, email_key, verified, deletes_at, has_accepted } = row;
  const termsDue = has_accepted === false ? terms : undefined;
  return {
    id,
    tokenHash: token_hash,
    kind,
    createdAt: created_at,
    authenticatedAt: authenticated_at,
    secondsSinceAuthentication: authentication_age,
    expiresAt: expires_at,
    account: { id: user_id, email, emailKey: email_key, verified, deletesAt: deletes_at, termsDue },
  };
}

export type SessionCheckOutcome = "live" | "none" | "malformed";

export type FindSession = (credential: Credential | undefined) => Promise<LiveSession | undefined>;

export type FindSessionDeps = {
  db: Knex;
  log: Logger;
  terms: Terms | undefined;
  observe: { checked(outcome: SessionCheckOutcome): void; read(): void };
};

/** With one, all would wait for whichever takes long; more than two answer nobody sooner. */
const MOST_READS = 2;

/**
 * Creates what tells whose session a credential is. While two look-ups are in flight others gather, and share the next: each
 * answer is read after it was asked for, so none is stale, and the more ask, the less each costs.
 */
export function createFindSession({ db, log, terms, observe }: FindSessionDeps): FindSession {
  const inFlight = new Set<Promise<unknown>>();
  let notingSeen: Promise<unknown> | undefined;

  function noteLate(ids: number[]) {
    if (ids.length === 0 || notingSeen) return;
    notingSeen = noteSeen(db, ids)
      .catch((fault: unknown) => log.warn({ err: fault }, "when sessions were last seen could not be noted"))
      .finally(() => {
        notingSeen = undefined;
      });
  }

  async function read(hashes: readonly string[]) {
    observe.read();
    const schema = getSchema(db);
    const names = { sessions: `${schema}.sessions`, users: `${schema}.users` };
    const agreed = terms && { acceptances: `${schema}.acceptances`, version: terms.version };
    const { rows }: { rows: Row[] } = await db.raw(terms ? FIND_WITH_TERMS : FIND, {
      ...names,
      ...agreed,
      hashes: [...new Set(hashes)],
    });
    noteLate(rows.filter(({ is_late }) => is_late).map(({ id }) => id));
    const sessions = new Map(rows.map((row) => [row.token_hash, toSession(row, terms)]));
    return hashes.map((hash) => sessions.get(hash));
  }

  async function turn() {
    if (inFlight.size >= MOST_READS) await Promise.race(inFlight);
    // Not at once: the embedded database would answer each before the next is taken off its connection.
    await setImmediate();
  }

  const loader = new DataLoader<string, LiveSession | undefined>(
    (hashes) => {
      const reading = read(hashes);
      const ended = reading.catch(() => {}).finally(() => inFlight.delete(ended));
      inFlight.add(ended);
      return reading;
    },
    { cache: false, batchScheduleFn: (send) => void turn().then(send) },
  );

  return async (credential) => {
    if (!credential) return undefined;
    if (!isWellFormed(credential)) {
      observe.checked("malformed");
      return undefined;
    }
    const session = await loader.load(digest(credential.token));
    observe.checked(session ? "live" : "none");
    return session;
  };
}
