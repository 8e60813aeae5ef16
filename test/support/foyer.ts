import { Writable } from "node:stream";
import type { Knex } from "knex";
import supertest from "supertest";
import { createFoyerClient } from "../../src/client.ts";
import { compose } from "../../src/compose.ts";
import { type Config, parseConfig } from "../../src/config/environment.ts";
import type { EventHandler } from "../../src/events/event.ts";
import { listen } from "../../src/http/listen.ts";
import type { EventType } from "../../src/models/outbox-event.ts";
import { User } from "../../src/models/user.ts";
import { createLog } from "../../src/ops/log.ts";
import { createDatabase } from "./database.ts";

/** bcrypt's cheapest cost. The setting's floor is 10, so that only a test can ask for it. */
const CHEAP = 4;

/** Tests wait for emails of which the worker is not told. */
const POLL_MS = 100;

/** A purge that comes by itself would delete, or ask, in the midst of a test. */
const NO_PURGE_MS = 60 * 60_000;

/** A password that meets the default rules. */
export const PASSWORD = "secret123";

const TIMES = `select table_name, string_agg(format('%1$I = %1$I - interval %2$L', column_name, ?::text), ', ') as moves
  from information_schema.columns where table_schema = 'public' and data_type = 'timestamp with time zone' group by table_name`;

/** Runs a test's own statement, which need not name the schema. */
function inPublic(db: Knex, statement: string, values: readonly (string | number)[] = []) {
  return db.transaction(async (trx): Promise<{ rows: Record<string, unknown>[] }> => {
    await trx.raw("set local search_path = public");
    return trx.raw(statement, [...values]);
  });
}

async function travel(db: Knex, interval: string) {
  const { rows } = await db.raw(TIMES, [interval]);
  for (const { table_name, moves } of rows) await inPublic(db, `update ${table_name} set ${moves}`);
}

/** Starts the real application on a port of its own. */
async function serve(config: Config, firstPurgeMs?: number) {
  let logged = "";
  const log = createLog(
    config.logLevel,
    new Writable({
      write(chunk, _encoding, done) {
        logged += chunk;
        done();
      },
    }),
  );
  const foyer = await compose(config, log, { worker: { pollMs: POLL_MS }, firstPurgeMs });
  const { port, stop } = await listen(
    foyer.app,
    { host: config.host, port: 0, setting: "PORT" },
    config.keepAliveSeconds,
  );
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    foyer,
    http: supertest(url),
    client: createFoyerClient(url),
    logged: () => logged,
    async stop() {
      await Promise.all([stop(8000), foyer.stopSending(), foyer.drain()]);
      await foyer.close();
    },
  };
}

/** Starts the real application, on a database that no other test sees. */
export async function startFoyer(overrides: Partial<Config> = {}) {
  const database = await createDatabase();
  const config = {
    ...parseConfig({ RATE_LIMITS: "off", FORM_MIN_FILL_MS: "0" }),
    bcryptCost: CHEAP,
    // Each thread takes a while to start, and one hashes enough for a test.
    hashConcurrency: 1,
    // However slow the machine, nobody is refused a hash but where a test is about that.
    hashMaxWaitSeconds: 60,
    logLevel: "trace" as const,
    database: database.settings,
    ...overrides,
  };
  let instance = await serve(config, NO_PURGE_MS);
  const db = () => instance.foyer.database.db;
  return {
    get url() {
      return instance.url;
    },
    get http() {
      return instance.http;
    },
    get client() {
      return instance.client;
    },
    get procedures() {
      return instance.foyer.procedures;
    },
    /** What listens on METRICS_PORT. */
    get operatorApp() {
      return instance.foyer.operatorApp;
    },
    watchStatements: (tell: (sql: string) => void) => db().on("query", ({ sql }: { sql: string }) => tell(sql)),
    /** Has a handler told of events, as a mounted app does. */
    on: <T extends EventType>(type: T, handler: EventHandler<T>) => instance.foyer.on(type, handler),
    /** POST /register with JSON. */
    register: (email: string, password = PASSWORD) => instance.http.post("/register").send({ email, password }),
    /** POST /register as the form does. */
    registerByForm: (email: string, password = PASSWORD) =>
      instance.http.post("/register").type("form").send({ email, password }),
    /** POST /verify with the token of a link and the sign-up's password, by JSON. */
    verify: (token: string, password = PASSWORD) => instance.http.post("/verify").send({ token, password }),
    /** The same from the page of the link, outside the browser of the sign-up. */
    verifyByForm: (token: string, password = PASSWORD) =>
      instance.http.post("/verify").type("form").send({ token, password }),
    /** POST /verify/resend with JSON. */
    resend: (email: string) => instance.http.post("/verify/resend").send({ email }),
    logged: () => instance.logged(),
    users: () => User.query(db()).orderBy("id"),
    /** What happens every ten minutes. */
    purge: async () => {
      for (const purge of instance.foyer.purges) await purge();
    },
    /** Moves all that the database remembers into the past, as far as an interval such as `8 days`. */
    travel: (interval: string) => travel(db(), interval),
    /** For what only time or an accident would bring about. */
    sql: (statement: string, ...values: (string | number)[]) => inPublic(db(), statement, values),
    rows: async (table: string) => (await inPublic(db(), `select * from ${table}`)).rows,
    /** Makes the database refuse every new row for a reason that the service does not expect. */
    breakInserts: () => inPublic(db(), "alter table users add constraint no_more_users check (false) not valid"),
    /** Makes the database refuse every row but one, by a constraint that is none of ours. */
    allowOneUser: () => inPublic(db(), "alter table users add column slot int default 1 unique"),
    withoutTable: (name: string) => db().schema.dropTable(name),
    /** This instance, for tests that compare it with another where there can be one. */
    self: () => instance,
    /** A second instance on the same database. */
    another: (others: Partial<Config> = {}) => serve({ ...config, ...others }, NO_PURGE_MS),
    /** With the purge that comes soon after a start. @param others settings that are different from now on. */
    async restart(others: Partial<Config> = {}) {
      await instance.stop();
      instance = await serve({ ...config, ...others });
    },
    async stop() {
      await instance.stop();
      await database.drop();
    },
  };
}

export type TestFoyer = Awaited<ReturnType<typeof startFoyer>>;
