import { Writable } from "node:stream";
import supertest from "supertest";
import { createFoyerClient } from "../../src/client.ts";
import { compose } from "../../src/compose.ts";
import { type Config, parseConfig } from "../../src/config.ts";
import { listen } from "../../src/listen.ts";
import { User } from "../../src/models/user.ts";
import { createLog } from "../../src/ops/log.ts";
import { createDatabase } from "./database.ts";

/** bcrypt's cheapest cost. The setting's floor is 10, so that only a test can ask for it. */
const CHEAP = 4;

/** Starts the real application on a database and a port of its own. */
export async function startFoyer(overrides: Partial<Config> = {}) {
  const database = await createDatabase();
  const config = { ...parseConfig({}), bcryptCost: CHEAP, port: 0, logLevel: "trace" as const, database: database.settings, ...overrides };
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
  const { port, stop } = await listen(foyer.app, config);
  const url = `http://127.0.0.1:${port}`;
  return {
    url,
    service: foyer.service,
    http: supertest(url),
    client: createFoyerClient(url),
    users: () => User.query(foyer.database.db).orderBy("id"),
    /** Makes the database refuse every new row for a reason that the service does not expect. */
    breakInserts: () => foyer.database.db.raw("alter table users add constraint no_more_users check (false) not valid"),
    logged: () => logged,
    async stop() {
      await Promise.all([stop(), foyer.drain()]);
      await foyer.close();
      await database.drop();
    },
  };
}

export type TestFoyer = Awaited<ReturnType<typeof startFoyer>>;
