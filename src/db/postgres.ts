import { readFileSync } from "node:fs";
import type { Socket } from "node:net";
import tls, { type ConnectionOptions } from "node:tls";
import type { Client, ClientConfig } from "pg";
import { type DatabaseTls, type DatabaseUrl, serverUrl } from "../database-url.ts";
import { createDialect } from "./dialect.ts";
import { createOpener } from "./opener.ts";
import type { Source } from "./source.ts";
import { types } from "./types.ts";

/** Seconds are generous for a connect on a healthy network, and short for a person who waits for an answer. */
const CONNECT_MS = 3000;
/** Where there are several servers, one that does not answer must leave time for the others. */
const CONNECT_EACH_MS = 1500;
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

/** Whom the system trusts, beside those whom Node does. Node 20 has no way to tell, and trusts Mozilla's list and NODE_EXTRA_CA_CERTS. */
function systemAuthorities() {
  if (!("getCACertificates" in tls && typeof tls.getCACertificates === "function")) return undefined;
  const all: string[] = [...tls.getCACertificates("default"), ...tls.getCACertificates("system")];
  return all;
}

function authorities(rootCert: string | undefined) {
  if (rootCert === undefined) return undefined;
  return rootCert === "system" ? systemAuthorities() : readFileSync(rootCert);
}

/** Read anew for each connection: certificates are renewed while Foyer runs. */
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
    // Named, or node-postgres would look for it in PGSSLMODE. There is none on a Unix socket, as with libpq.
    ssl: tls && !host.startsWith("/") ? tlsOptions(tls) : false,
    ...(tls && { sslnegotiation: tls.negotiation, enableChannelBinding: tls.channelBinding !== "disable" }),
    connectionTimeoutMillis: timeoutMs,
    pipeline: true,
    types,
  };
}

/** PostgreSQL as a URL describes it, with libpq's meaning. */
export function postgres({ url, poolMax }: { url: string; poolMax: number }): Source {
  const server = serverUrl.parse(url);
  const eachMs = server.connectSeconds ? server.connectSeconds * 1000 : server.hosts.length > 1 ? CONNECT_EACH_MS : CONNECT_MS;
  const servers = server.hosts.map(({ host, port }) => ({
    name: host.includes(":") ? `[${host}]:${port}` : `${host}:${port}`,
    config: () => clientConfig(server, host, port, eachMs),
  }));
  const open = createOpener({
    servers,
    shuffled: server.shuffled,
    mustBind: server.tls?.channelBinding === "require",
  });
  const serving = createDialect({ open, statementMs: SILENCE_MS });
  const common = {
    // What is left to it, the dialect opens connections by itself.
    connection: {},
    acquireConnectionTimeout: Math.max(CONNECT_MS, eachMs * server.hosts.length),
    // Where it can, knex would write the values of a failed query into the error's message.
    compileSqlOnError: false,
  };
  return {
    options: { ...common, client: serving.Dialect, pool: { min: 0, max: poolMax, afterCreate: endWhenSilent } },
    migrating: { ...common, client: createDialect({ open, statementMs: 0 }).Dialect, pool: { min: 0, max: 1 } },
    renew: serving.renew,
    description: `PostgreSQL at ${servers.map(({ name }) => name).join(",")}/${server.database}`,
    setting: "DATABASE_URL",
    remarks: [],
    close: async () => {},
  };
}
