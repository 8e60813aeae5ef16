import pg, { type Client, type ClientConfig } from "pg";
import { Unreachable } from "./faults.ts";

export type OpenerSettings = {
  /** The servers to try, in this order, each with its name. */
  servers: { name: string; config: () => ClientConfig }[];
  /** Whether to try them in another order each time. */
  shuffled: boolean;
  /** Whether a server that does not bind the login to the TLS connection is refused, before it gets the password. */
  mustBind: boolean;
};

/** For the one question that a new connection is asked, before its silence is watched. */
const ANSWER_MS = 3000;
const BOUND = "SCRAM-SHA-256-PLUS";
const LOGINS = ["authenticationCleartextPassword", "authenticationMD5Password", "authenticationSASL"];

/** Connects to one server. */
async function connect(config: ClientConfig, mustBind: boolean): Promise<Client> {
  const refusal = new Error("the server offers no channel binding, which channel_binding=require asks for");
  const client = new pg.Client(config);
  let isBound = false;
  for (const login of mustBind ? LOGINS : []) {
    client.connection.on(login, ({ mechanisms = [] }: { mechanisms?: string[] }) => {
      isBound = mechanisms.includes(BOUND);
      // Nothing is sent to it any more.
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
  if (isBound || !mustBind) return client;
  await client.end();
  throw refusal;
}

/** Says why a server may not be written to, or nothing where it may. */
async function reasonNotToWrite(client: Client): Promise<string | undefined> {
  const question = {
    text: "select current_setting('transaction_read_only') as read_only, pg_is_in_recovery()::text as standby",
    query_timeout: ANSWER_MS,
  };
  const { rows } = await client.query(question);
  const [{ read_only, standby }] = rows;
  if (standby === "true") return "it is a standby; name the primary, or all of them as in postgres://host1,host2/name";
  if (read_only === "on") return "it is read only, and Foyer writes; turn default_transaction_read_only off, or name the primary";
}

async function openOne(config: ClientConfig, mustBind: boolean): Promise<Client> {
  const client = await connect(config, mustBind);
  try {
    const reason = await reasonNotToWrite(client);
    if (reason === undefined) return client;
    throw new Error(reason);
  } catch (error) {
    // It need not say goodbye before the next is tried.
    client.end().catch(() => {});
    throw error;
  }
}

function reasonOf(error: unknown) {
  if (!(error instanceof Error)) return String(error);
  // Node gives where it tried several addresses of one name an error without words.
  return error.message.split("\n")[0] || ("code" in error ? String(error.code) : error.name);
}

/**
 * Opens connections to the first server that may be written to.
 * @returns a function that opens one; it rejects with Unreachable where there is none, which says why of each.
 */
export function createOpener({ servers, shuffled, mustBind }: OpenerSettings): () => Promise<Client> {
  /** Where the last one was: servers that are down are not waited for each time. */
  let last = 0;

  return async function open() {
    const first = shuffled ? Math.floor(Math.random() * servers.length) : last;
    const all = [...servers.entries()];
    const reasons: string[] = [];
    for (const [n, { name, config }] of [...all.slice(first, first + 1), ...all.toSpliced(first, 1)]) {
      try {
        const client = await openOne(config(), mustBind);
        last = n;
        return client;
      } catch (error) {
        reasons.push(servers.length > 1 ? `${name}: ${reasonOf(error)}` : reasonOf(error));
      }
    }
    throw new Unreachable(reasons.join("; "));
  };
}
