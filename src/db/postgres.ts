import type { Socket } from "node:net";
import type { Client } from "pg";
import type { Source } from "./source.ts";
import { types } from "./types.ts";

/** Seconds are generous for a connect on a healthy network, and short for a person who waits for an answer. */
const CONNECT_MS = 3000;
const SILENCE_MS = 5000;

/**
 * Ends a connection on which nothing has come or gone for a while. It sets a bound to a query that a vanished server
 * will never answer, which no setting of the server can; an idle connection that it ends is opened anew on demand.
 */
function endWhenSilent(client: Client & { connection: { stream: Socket } }, done: () => void) {
  const { stream } = client.connection;
  stream.setTimeout(SILENCE_MS, () => stream.destroy());
  done();
}

/** PostgreSQL as a URL describes it, with libpq's meaning of `sslmode`. */
export function postgres({ url, poolMax }: { url: string; poolMax: number }): Source {
  const connectionString = new URL(url);
  // Without this, node-postgres reads `require` as `verify-full`, unlike psql and every other client.
  connectionString.searchParams.set("uselibpqcompat", "true");
  // Named, or node-postgres would look for it in PGSSLMODE.
  if (!connectionString.searchParams.has("sslmode")) connectionString.searchParams.set("sslmode", "disable");
  return {
    options: {
      client: "pg",
      connection: {
        connectionString: connectionString.href,
        connectionTimeoutMillis: CONNECT_MS,
        application_name: "foyer",
        types,
      },
      pool: { min: 0, max: poolMax, afterCreate: endWhenSilent },
      acquireConnectionTimeout: CONNECT_MS,
      // Where it can, knex would write the values of a failed query into the error's message.
      compileSqlOnError: false,
    },
    description: `PostgreSQL at ${connectionString.host}${connectionString.pathname}`,
    setting: "DATABASE_URL",
    remarks: [],
    close: async () => {},
  };
}
