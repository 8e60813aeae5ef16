import { Writable } from "node:stream";
import supertest from "supertest";
import { createFoyerClient } from "../../src/client.ts";
import { compose } from "../../src/compose.ts";
import { type Config, parseConfig } from "../../src/config.ts";
import { listen } from "../../src/listen.ts";
import { User } from "../../src/models/user.ts";
import { createLog } from "../../src/ops/log.ts";
import { expire } from "../../src/service/expiry.ts";
import { createDatabase } from "./database.ts";

/** bcrypt's cheapest cost. The setting's floor is 10, so that only a test can ask for it. */
const CHEAP = 4;

/** Starts the real application on a port of its own. */
async function serve(config: Config) {
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
  const foyer = await compose(config, log);
  const { port, stop } = await listen(foyer.app, { host: config.host, port: 0, setting: "PORT" }, config.keepAliveSeconds);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    foyer,
    http: supertest(url),
    client: createFoyerClient(url),
    logged: () => logged,
    async stop() {
      await Promise.all([stop(8000), foyer.stopMail(), foyer.drain()]);
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
    logLevel: "trace" as const,
    database: database.settings,
    ...overrides,
  };
  let instance = await serve(config);
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
    get service() {
      return instance.foyer.service;
    },
    logged: () => instance.logged(),
    users: () => User.query(db()).orderBy("id"),
    /** What happens every ten minutes. */
    expire: () => expire(db(), config.unverifiedDays),
    /** For what only time or an accident would bring about. */
    sql: (statement: string, ...values: (string | number)[]) => db().raw(statement, values),
    rows: async (table: string): Promise<Record<string, unknown>[]> => (await db().raw(`select * from ${table}`)).rows,
    /** Makes the database refuse every new row for a reason that the service does not expect. */
    breakInserts: () => db().raw("alter table users add constraint no_more_users check (false) not valid"),
    /** Makes the database refuse every row but one, by a constraint that is none of ours. */
    allowOneUser: () => db().raw("alter table users add column slot int default 1 unique"),
    withoutTable: (name: string) => db().schema.dropTable(name),
    /** A second instance on the same database. */
    another: (others: Partial<Config> = {}) => serve({ ...config, ...others }),
    async restart() {
      await instance.stop();
      instance = await serve(config);
    },
    async stop() {
      await instance.stop();
      await database.drop();
    },
  };
}

export type TestFoyer = Awaited<ReturnType<typeof startFoyer>>;
