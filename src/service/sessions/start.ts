import type { Knex } from "knex";
import { violatesForeignKey } from "../../db/faults.ts";
import { getSchema } from "../../db/schema.ts";
import type { SessionKind } from "../../models/session.ts";
import { digest } from "../../secrets/digest.ts";
import type { Caller } from "../caller.ts";
import { isActive } from "../identity/account.ts";
import type { SessionLifetimes } from "../settings.ts";
import { newSessionToken } from "./token.ts";

/** The account as it was when its password was read. */
export type SignedInAs = { id: number; session_epoch: number };

export type StartedSession = { token: string; expiresAt: Date };

const START = `
  with ended as (delete from :sessions: where token_hash = :ended)
  insert into :sessions: (token_hash, user_id, epoch, kind, idle_seconds, expires_at, ip, user_agent)
  select :hash, id, session_epoch, :kind, :idle, now() + make_interval(secs => :seconds), :ip, :agent
  from :users: one where id = :id and session_epoch = :epoch and ${isActive("one")}
  returning id, expires_at`;

/**
 * Starts a session, and ends the one that the caller had.
 * @returns undefined where all sessions of the account were ended since its password was read, or it was deleted. One that
 * was written in that very moment has the epoch before, and so is none.
 */
export async function startSession(
  db: Knex,
  lifetimes: SessionLifetimes,
  { id, session_epoch }: SignedInAs,
  kind: SessionKind,
  caller: Caller,
): Promise<(StartedSession & { id: number }) | undefined> {
  const token = newSessionToken(kind);
  const { seconds, idleSeconds } = lifetimes[kind];
  const schema = getSchema(db);
  const started = await db
    .raw(START, {
      sessions: `${schema}.sessions`,
      users: `${schema}.users`,
      ended: digest(caller.credential()?.token ?? ""),
      hash: digest(token),
      kind,
      idle: idleSeconds,
      seconds,
      ip: caller.ip,
      agent: caller.userAgent,
      id,
      epoch: session_epoch,
    })
    .then(({ rows }: { rows: { id: number; expires_at: Date }[] }) => rows[0])
    .catch((fault: unknown) => {
      // The account was there as the statement began, and gone as it ended.
      if (!violatesForeignKey(fault)) throw fault;
      return undefined;
    });
  return started && { id: started.id, token, expiresAt: started.expires_at };
}
