import type { Express, Request, RequestHandler, Response } from "express";
import createError from "http-errors";
import type { Logger } from "pino";
import { compose } from "./compose.ts";
import { inCode, parseSettings, type SettingsInCode } from "./config/in-code.ts";
import type { AppKnex } from "./db/source.ts";
import type { EventHandler } from "./events/event.ts";
import { callerOf } from "./http/caller.ts";
import { REFUSALS } from "./http/refusals.ts";
import { requireSession } from "./http/require-session.ts";
import type { EventType } from "./models/outbox-event.ts";
import { createLog } from "./ops/log.ts";
import type { Accounts } from "./service/account/accounts.ts";
import type { SessionOutput } from "./service/sessions/input.ts";
import { type Context, createContext, errorFormatter } from "./trpc/init.ts";
import { type AppRouter, createRouter } from "./trpc/router.ts";

export { StartError } from "./config/start-error.ts";
export type { FoyerEvent } from "./events/event.ts";
export type { EventType } from "./models/outbox-event.ts";

export type FoyerOptions = SettingsInCode & {
  /** Keeps all in memory, for an app's tests: neither a folder nor a server is needed, and nothing is left. */
  memory?: boolean;
  /** The app's own, for PostgreSQL, instead of `databaseUrl`: Foyer's statements go over its pool, in its own transactions. */
  knex?: AppKnex;
  /** Where Foyer logs; by default to the standard output, as `logLevel` says. */
  log?: Logger;
};

export type SignedIn = Extract<SessionOutput, { account: object }>;

/** A Foyer within an app. */
export type Foyer = {
  /** All of it: pages, JSON and tRPC. `app.use("/account", foyer.app)` mounts it; supertest takes it as it is. */
  app: Express;
  /** Who sent a request, if anybody is signed in. @throws 503 while the database is away: nobody is signed out by that. */
  session(req: Request): Promise<SignedIn | null>;
  /** Lets whoever is signed in pass, as `res.locals.account`. Pages send others to sign in and back; all else is 401. */
  requireSession: RequestHandler;
  /** Finds accounts, ends their sessions and deletes them: in a transaction of the app's own where it brings one. */
  accounts: Accounts;
  /** The procedures of tRPC, to merge into a router of one's own: `router({ ...mine, auth: foyer.router.auth })`. */
  router: AppRouter;
  /** The context that those procedures need: `createContext: (options) => ({ ...mine, ...foyer.createContext(options) })`. */
  createContext(options: { req: Request; res: Response }): Context;
  /** Has tRPC's errors carry Foyer's refusals: `initTRPC.create({ errorFormatter: foyer.errorFormatter })`. */
  errorFormatter: typeof errorFormatter;
  /**
   * Has a handler told of what happens to accounts from now on, each event at least once and those of one account in order.
   * One that throws, or takes more than a minute, is called again later, for three days. It returns a function that ends it.
   */
  on<T extends EventType>(type: T, handler: EventHandler<T>): () => void;
  /** Lets what runs finish, and lets go of the database. */
  close(): Promise<void>;
};

/** Beside an app's tables, so in a schema of its own. */
const SCHEMA = "foyer";

async function start({ memory, knex, log, ...settings }: FoyerOptions) {
  const config = parseSettings({ databaseSchema: SCHEMA, ...settings });
  const { schema } = config.database;
  const source = memory ? { memory } : knex ? { knex, ...(schema && { schema }) } : config.database;
  return compose(config, log ?? createLog(config.logLevel), { source });
}

/**
 * Creates a Foyer to mount in an app in Express, with a database of its own or in a schema of the app's.
 * @throws StartError when a setting is wrong, or the database cannot be used.
 */
export async function createFoyer(options: FoyerOptions = {}): Promise<Foyer> {
  const foyer = await start(options).catch((error: unknown) => {
    throw inCode(error);
  });
  const { app, procedures, accounts, language } = foyer;
  /** The same request as Foyer's own app would get it: with its settings, such as which proxies it trusts. */
  const asOwn = (req: Request): Request => Object.create(req, { app: { value: app } });

  const session = async (req: Request) => {
    if (!req.res) throw new Error("foyer.session takes a request that Express handles");
    const current = await procedures.session.run(undefined, callerOf(asOwn(req), req.res));
    if (!current.ok) throw createError(REFUSALS[current.error.code].status);
    return current.value.session ? current.value : null;
  };
  return {
    app,
    session,
    requireSession: requireSession(session, () => app.path()),
    accounts,
    router: createRouter(procedures),
    createContext: ({ req, res }) => createContext(asOwn(req), res, language),
    errorFormatter,
    on: foyer.on,
    async close() {
      await Promise.all([foyer.stopSending(), foyer.drain()]);
      await foyer.close();
    },
  };
}
