import type { Express, Request, Response } from "express";
import type { Logger } from "pino";
import { compose } from "./compose.ts";
import type { Config } from "./config/environment.ts";
import { inCode, parseSettings, type SettingsInCode } from "./config/in-code.ts";
import { StartError } from "./config/start-error.ts";
import type { AppKnex, SourceSettings } from "./db/source.ts";
import type { EventHandler } from "./events/event.ts";
import { callerOf } from "./http/caller.ts";
import { requireOneCredential } from "./http/credential.ts";
import { languageFor } from "./http/language.ts";
import { mountOf, warnOfMount } from "./http/mount.ts";
import { namedOrigins } from "./http/named-origins.ts";
import { type RequireSession, requireSession } from "./http/require-session.ts";
import { requireSameOrigin } from "./http/same-origin.ts";
import type { EventType } from "./models/outbox-event.ts";
import { createLog } from "./ops/log.ts";
import type { Accounts } from "./service/account/accounts.ts";
import type { SessionOutput } from "./service/sessions/input.ts";
import { RefusalError, refuseAsTrpc } from "./trpc/errors.ts";
import { type Context, createContext, errorFormatter } from "./trpc/init.ts";
import { type AppRouter, createRouter } from "./trpc/router.ts";
import { cookiesOfStreamed } from "./trpc/trpc.ts";

// Those that an app's own router, which has Foyer's procedures, is made of: its declarations have to name them.
export type { SerialQueue } from "./admission/serial-queue.ts";
export { StartError } from "./config/start-error.ts";
export type { FoyerEvent } from "./events/event.ts";
export type { RefusalData } from "./http/refusals.ts";
export type { Language } from "./language/language.ts";
export type { EventType } from "./models/outbox-event.ts";
export type { Caller } from "./service/caller.ts";
export type { Context } from "./trpc/init.ts";

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
  /**
   * Who sent a request, if anybody is signed in. @throws 503 while the database is away, for nobody is signed out by that,
   * and 400 for who asks as two at once: by a cookie and a bearer token.
   */
  session(req: Request): Promise<SignedIn | null>;
  /** Lets whoever is signed in pass, as `res.locals.account`. Pages send others to sign in and back; all else is 401. */
  requireSession: RequireSession<SignedIn["account"]>;
  /** Finds accounts, ends their sessions and deletes them: in a transaction of the app's own where it brings one. */
  accounts: Accounts;
  /** The procedures of tRPC, to merge into a router of one's own: `router({ ...mine, auth: foyer.router.auth })`. */
  router: AppRouter;
  /**
   * The context that those procedures need: `createContext: (options) => ({ ...mine, ...foyer.createContext(options) })`.
   * @throws TRPCError for a request that another origin's page sent, or that asks as two at once.
   */
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

function sourceOf({ memory, knex, databaseUrl, dataDir }: FoyerOptions, { database }: Config): SourceSettings {
  if ([memory || undefined, knex, databaseUrl, dataDir].filter((given) => given !== undefined).length > 1)
    throw new StartError("database: expected one of memory, knex, databaseUrl and dataDir");
  if (memory) return { memory };
  return knex ? { knex, ...(database.schema && { schema: database.schema }) } : database;
}

async function start(options: FoyerOptions) {
  const { memory, knex, log: given, ...settings } = options;
  const config = parseSettings({ databaseSchema: SCHEMA, ...settings });
  const log = given ?? createLog(config.logLevel);
  const foyer = await compose(config, log, { source: sourceOf(options, config) }).catch((error: unknown) => {
    throw inCode(error);
  });
  warnOfMount(foyer.app, config.publicUrl, log);
  return { config, foyer };
}

/**
 * Creates a Foyer to mount in an app in Express, with a database of its own or in a schema of the app's.
 * @throws StartError when a setting is wrong, or the database cannot be used.
 */
export async function createFoyer(options: FoyerOptions = {}): Promise<Foyer> {
  const { config, foyer } = await start(options);
  const { publicUrl, corsOrigins } = config;
  const isNamed = namedOrigins(corsOrigins);
  const seeToCookies = cookiesOfStreamed(foyer.procedures);
  let closing: Promise<void> | undefined;
  const { app, procedures, accounts } = foyer;
  /** The same request as Foyer's own app would get it: with its settings, such as which proxies it trusts. */
  const asOwn = (req: Request): Request => Object.create(req, { app: { value: app } });

  const session = async (req: Request) => {
    if (!req.res) throw new Error("foyer.session takes a request that Express handles");
    requireOneCredential(asOwn(req));
    const current = await procedures.session.run(undefined, callerOf(asOwn(req), req.res));
    if (!current.ok) throw new RefusalError(current.error, languageFor(asOwn(req)));
    return current.value.session ? current.value : null;
  };
  return {
    app,
    session,
    requireSession: requireSession(session, () => publicUrl.pathname.replace(/\/$/, "") || mountOf(app)),
    accounts,
    router: createRouter(procedures),
    createContext({ req, res }) {
      const language = () => languageFor(asOwn(req));
      refuseAsTrpc(() => {
        requireSameOrigin(asOwn(req), isNamed);
        requireOneCredential(asOwn(req));
      }, language);
      const context = createContext(asOwn(req), res, language, foyer.spendRequest);
      // An answer may be one person's, and a cache would give it to others.
      if (!res.headersSent && !res.hasHeader("Cache-Control")) res.setHeader("Cache-Control", "no-store");
      seeToCookies(req, res, context.caller);
      return context;
    },
    errorFormatter,
    on: foyer.on,
    close() {
      closing ??= Promise.all([foyer.stopSending(), foyer.drain()]).then(foyer.close);
      return closing;
    },
  };
}
