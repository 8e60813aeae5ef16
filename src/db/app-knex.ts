import { setTimeout } from "node:timers/promises";
import type { Knex } from "knex";
import type { Statement } from "knex/lib/dialects/postgres/index.js";
import type { Client } from "pg";
import { StartError } from "../config/start-error.ts";
import { createDialect } from "./dialect.ts";
import { describeError, Unreachable } from "./faults.ts";
import { refuseIfCrowded } from "./pool.ts";
import { ACQUIRE_TIMEOUT_MS, MIGRATING, SERVING, SILENCE_MS } from "./postgres.ts";
import { type Connected, createSilenceWatch } from "./silence.ts";
import type { AppKnex, Source } from "./source.ts";
import { withTypes } from "./types.ts";

/** Of the app's tarn. It knows what kept it from opening one, if something did. */
type Pending = { promise: Promise<Connected>; possibleTimeoutCause: Error | null; abort(): void };

/** The app's pool waits for as long as the app says, which a request should not. */
async function acquireInTime(client: Knex["client"]): Promise<Connected> {
  refuseIfCrowded(client);
  const pending: Pending = client.pool.acquire();
  const inTime = new AbortController();
  const late = setTimeout(ACQUIRE_TIMEOUT_MS, undefined, { signal: inTime.signal, ref: false });
  late.then(() => pending.abort()).catch(() => {});
  return pending.promise
    .catch((fault: unknown) => {
      const cause = pending.possibleTimeoutCause ?? fault;
      throw new Unreachable(`the app's pool gives no connection: ${describeError(cause)}`, { cause });
    })
    .finally(() => inTime.abort());
}

/**
 * Uses the pool of an app's knex. What the app set up otherwise does not count: each transaction has Foyer's own settings,
 * and each statement Foyer's own parsers. @throws StartError unless it is knex for PostgreSQL with node-postgres.
 */
export function appKnex(app: AppKnex): Source {
  const { dialect, driverName, pool } = app.client ?? {};
  if (dialect !== "postgresql" || driverName !== "pg" || !pool)
    throw new StartError("knex: expected one for PostgreSQL, made with client: 'pg' and a connection");
  const silence = createSilenceWatch(SILENCE_MS);

  function share(settings: typeof SERVING): Knex.Config {
    const { Dialect } = createDialect({ silence, ...settings });
    class SharingDialect extends Dialect {
      override async acquireConnection() {
        const connection = await acquireInTime(this);
        silence.watch(connection);
        return connection;
      }
      override async releaseConnection(connection: Connected) {
        silence.unwatch(connection);
        // Not by knex's own, which has no pool any more once Foyer is closed.
        pool.release(connection);
      }
      override _query(connection: Client, statement: Statement) {
        return super._query(connection, withTypes(statement));
      }
    }
    return { client: SharingDialect, connectionPool: pool, compileSqlOnError: false };
  }

  return {
    options: share(SERVING),
    migrating: share(MIGRATING),
    renew: () => {},
    description: "the app's database",
    setting: "knex",
    warnings: [],
    close: async () => silence.close(),
  };
}
