import pg, { type Client, type ClientConfig } from "pg";
import { begin, beginStatement } from "./begin.ts";
import { describeError, Unreachable } from "./faults.ts";
import { withRetries } from "./transaction.ts";

export type OpenerSettings = {
  servers: { name: string; config: () => ClientConfig }[];
  shuffled: boolean;
  /** Refuse a server without channel binding, before it gets the password (libpq's `channel_binding=require`). */
  requireChannelBinding: boolean;
};

/** For the query on a new connection, on which no idle timeout runs yet. */
const QUERY_TIMEOUT_MS = 3000;
const BEGIN = {
  text: beginStatement({ statementMs: QUERY_TIMEOUT_MS, lockMs: QUERY_TIMEOUT_MS }),
  query_timeout: QUERY_TIMEOUT_MS,
};
const BOUND = "SCRAM-SHA-256-PLUS";
const LOGINS = ["authenticationCleartextPassword", "authenticationMD5Password", "authenticationSASL"];

async function connect(config: ClientConfig, requireChannelBinding: boolean): Promise<Client> {
  const refusal = new Error("the server offers no channel binding, which channel_binding=require asks for");
  const client = new pg.Client(config);
  let isBound = false;
  for (const login of requireChannelBinding ? LOGINS : []) {
    client.connection.on(login, ({ mechanisms = [] }: { mechanisms?: string[] }) => {
      isBound = mechanisms.includes(BOUND);
      if (!isBound) client.connection.stream.destroy(refusal);
    });
  }
  client.on("error", (error) => {
    client.__knex__disposed = error;
  });
  client.on("end", () => {
    client.__knex__disposed ??= "the connection ended";
  });
  await client.connect();
  if (isBound || !requireChannelBinding) return client;
  await client.end();
  throw refusal;
}

async function findReasonNotToWrite(client: Client): Promise<string | undefined> {
  const question = {
    text: "select current_setting('transaction_read_only') as read_only, pg_is_in_recovery()::text as standby",
    query_timeout: QUERY_TIMEOUT_MS,
  };
  await begin(client, BEGIN);
  const [{ rows }] = await Promise.all([client.query(question), client.query("commit")]);
  const [{ read_only, standby }] = rows;
  if (standby === "true") return "it is a standby; name the primary, or all of them as in postgres://host1,host2/name";
  if (read_only === "on")
    return "it is read only, and Foyer writes; turn default_transaction_read_only off, or name the primary";
}

async function openOne(config: ClientConfig, requireChannelBinding: boolean): Promise<Client> {
  const client = await connect(config, requireChannelBinding);
  try {
    const reason = await findReasonNotToWrite(client);
    if (reason === undefined) return client;
    throw new Error(reason);
  } catch (error) {
    client.end().catch(() => {});
    throw error;
  }
}

/** Begins with the server that worked last, takes the first that accepts writes, or rejects with Unreachable. */
export function createOpener({ servers, shuffled, requireChannelBinding }: OpenerSettings): () => Promise<Client> {
  let last = 0;

  return async function open() {
    const first = shuffled ? Math.floor(Math.random() * servers.length) : last;
    const all = [...servers.entries()];
    const reasons: string[] = [];
    for (const [n, { name, config }] of [...all.slice(first, first + 1), ...all.toSpliced(first, 1)]) {
      try {
        const client = await withRetries(() => openOne(config(), requireChannelBinding));
        last = n;
        return client;
      } catch (error) {
        reasons.push(servers.length > 1 ? `${name}: ${describeError(error)}` : describeError(error));
      }
    }
    throw new Unreachable(reasons.join("; "));
  };
}
