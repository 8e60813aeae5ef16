import { readFileSync } from "node:fs";
import tls, { type ConnectionOptions } from "node:tls";
import type { ClientConfig } from "pg";
import { type DatabaseTls, type DatabaseUrl, serverUrl } from "../config/database-url.ts";
import { createDialect } from "./dialect.ts";
import { createOpener } from "./opener.ts";
import { createSilenceWatch } from "./silence.ts";
import type { Source } from "./source.ts";
import { types } from "./types.ts";

const CONNECT_TIMEOUT_MS = 3000;
const CONNECT_TIMEOUT_OF_SEVERAL_MS = 1500;
export const ACQUIRE_TIMEOUT_MS = 2000;
/** A server that is there gives up first, at SERVING, and says so: nothing of ours is left waiting at it. */
export const SILENCE_MS = 5000;
export const SERVING = { bounds: { statementMs: 4000, lockMs: 2000 }, transactionMs: 4000 };
/**
 * An index may take its time. But whoever uses a table queues behind a migration that waits for it, so an app that does
 * not let go of a table has the start fail instead.
 */
export const MIGRATING = { bounds: { statementMs: 0, lockMs: 10_000 }, transactionMs: 0 };

/** Node's authorities and the system's. Node 20 cannot read the latter; there its own default list applies. */
function systemAuthorities() {
  if (!("getCACertificates" in tls && typeof tls.getCACertificates === "function")) return undefined;
  const all: string[] = [...tls.getCACertificates("default"), ...tls.getCACertificates("system")];
  return all;
}

function authorities(rootCert: string | undefined) {
  if (rootCert === undefined) return undefined;
  return rootCert === "system" ? systemAuthorities() : readFileSync(rootCert);
}

/** Reads the files for each connection, because certificates are renewed while Foyer runs. */
function tlsOptions({ mode, rootCert, cert, key, keyPassword, minVersion }: DatabaseTls): ConnectionOptions {
  const ca = authorities(rootCert);
  return {
    rejectUnauthorized: mode !== "require",
    ...(mode === "verify-ca" && { checkServerIdentity: () => undefined }),
    ...(ca && { ca }),
    ...(cert && { cert: readFileSync(cert) }),
    ...(key && { key: readFileSync(key) }),
    ...(keyPassword !== undefined && { passphrase: keyPassword }),
    ...(minVersion && { minVersion }),
  };
}

function clientConfig(url: DatabaseUrl, host: string, port: number, timeoutMs: number): ClientConfig {
  const { user, password, database, tls, applicationName, options } = url;
  return {
    ...{ host, port, user, password, database, options },
    application_name: applicationName ?? "foyer",
    // `false` rather than undefined, or node-postgres would read PGSSLMODE. Unix sockets have no TLS, as in libpq.
    ssl: tls && !host.startsWith("/") ? tlsOptions(tls) : false,
    ...(tls && { sslnegotiation: tls.negotiation, enableChannelBinding: tls.channelBinding !== "disable" }),
    connectionTimeoutMillis: timeoutMs,
    pipeline: true,
    types,
  };
}

export function postgres({ url, poolMax }: { url: string; poolMax: number }): Source {
  const server = serverUrl.parse(url);
  const eachMs = server.connectSeconds
    ? server.connectSeconds * 1000
    : server.hosts.length > 1
      ? CONNECT_TIMEOUT_OF_SEVERAL_MS
      : CONNECT_TIMEOUT_MS;
  const servers = server.hosts.map(({ host, port }) => ({
    name: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    config: () => clientConfig(server, host, port, eachMs),
  }));
  const open = createOpener({
    servers,
    shuffled: server.shuffled,
    requireChannelBinding: server.tls?.channelBinding === "require",
  });
  const silence = createSilenceWatch(SILENCE_MS);
  const serving = createDialect({ open, silence, ...SERVING });
  const watched = (client: Parameters<typeof silence.watch>[0], done: () => void) => {
    silence.watch(client);
    done();
  };
  const connectMs = Math.max(CONNECT_TIMEOUT_MS, eachMs * server.hosts.length);
  const common = {
    connection: {},
    acquireConnectionTimeout: connectMs,
    // Or knex writes the values of a failed query into the error's message.
    compileSqlOnError: false,
  };
  return {
    // One who asks waits for several, one after the other. What is being opened meanwhile is for who comes next.
    options: {
      ...common,
      acquireConnectionTimeout: Math.min(connectMs, ACQUIRE_TIMEOUT_MS),
      client: serving.Dialect,
      pool: { min: 0, max: poolMax, afterCreate: watched },
    },
    migrating: { ...common, client: createDialect({ open, silence, ...MIGRATING }).Dialect, pool: { min: 0, max: 1 } },
    renew: serving.renew,
    description: `PostgreSQL at ${servers.map(({ name }) => name).join(",")}/${server.database}`,
    setting: "DATABASE_URL",
    warnings: [],
    close: async () => silence.close(),
  };
}
