import express, { type Express, type Request, type Response, Router } from "express";
import createError from "http-errors";
import type { Logger } from "pino";
import type { Config } from "../config/environment.ts";
import { createEnglish } from "../language/english.ts";
import type { Languages } from "../language/languages.ts";
import { linksOf } from "../language/links.ts";
import { STYLESHEET } from "../language/overrides.ts";
import { findViews, type ViewFolders } from "../language/views.ts";
import type { ForwardingWarning } from "../ops/forwarded.ts";
import { type Health, healthRoutes } from "../ops/health.ts";
import { type Metrics, metricsRoute } from "../ops/metrics.ts";
import { type Assets, loadAssets, logoName } from "../pages/assets.ts";
import { createBotDetection } from "../pages/bot-detection.ts";
import { type DevEmail, devMailbox } from "../pages/dev-mailbox.ts";
import { showFault, showRefusal } from "../pages/fault.ts";
import { offerLanguageSwitch } from "../pages/language-switch.ts";
import { pages } from "../pages/pages.ts";
import { useViews } from "../pages/views.ts";
import { json } from "../rest/json.ts";
import { describeApi, openApi } from "../rest/openapi.ts";
import { sendFault, sendRefusal } from "../rest/problem.ts";
import type { DescribeEmailChange } from "../service/email-change/link.ts";
import type { DescribeReset } from "../service/password/reset.ts";
import type { Procedure } from "../service/procedure.ts";
import type { Procedures } from "../service/procedures.ts";
import type { RefusalOf } from "../service/refusal.ts";
import type { VerifyAndSignIn } from "../service/sessions/verify-and-sign-in.ts";
import type { DescribeLink } from "../service/verification/link.ts";
import { logCalls } from "../trpc/calls.ts";
import { sendTrpcFault, sendTrpcRefusal } from "../trpc/fault.ts";
import { trpc } from "../trpc/trpc.ts";
import { basePath } from "./base-path.ts";
import { closedPaths, methodsByPath } from "./closed-paths.ts";
import { oneCredential } from "./credential.ts";
import { crossOrigin } from "./cross-origin.ts";
import { errorHandler } from "./error-handler.ts";
import { onlyValidHost } from "./host.ts";
import { keepLanguage, offerLanguages, useLanguage } from "./language.ts";
import { namedOrigins } from "./named-origins.ts";
import { limitRequests, type SpendRequest } from "./request-limit.ts";
import { requestLog } from "./request-log.ts";
import { useReturnTo } from "./return-to.ts";
import { sameOrigin } from "./same-origin.ts";
import { securityHeaders } from "./security-headers.ts";
import { sessionCheck } from "./session-check.ts";
import { isFromThisMachine, onlyThisMachine } from "./this-machine.ts";
import { trustProxies } from "./trust-proxies.ts";
import { wantsPage } from "./wants-page.ts";

export type AppParts = {
  root: URL;
  views: ViewFolders;
  config: Config;
  procedures: Procedures;
  describeLink: DescribeLink;
  describeReset: DescribeReset;
  describeEmailChange: DescribeEmailChange;
  verifyAndSignIn: VerifyAndSignIn;
  languages: Languages;
  formKey: Buffer;
  log: Logger;
  metrics: Metrics;
  health: Health;
  forwarding: ForwardingWarning;
  devEmails: (() => readonly DevEmail[]) | undefined;
  spendRequest: SpendRequest | undefined;
};

function refuseRequest(req: Request, res: Response, refusal: RefusalOf<"rate_limited">) {
  if (/^\/trpc(?:\/|$)/i.test(req.path)) return sendTrpcRefusal(res, refusal);
  return wantsPage(req) ? showRefusal(res, refusal) : sendRefusal(res, refusal);
}

/** Mounts what every request passes, and returns the routers among it. */
function useCommon(app: Express, assets: Assets, parts: AppParts): Router[] {
  const { config, procedures, log, metrics, forwarding, spendRequest } = parts;
  const all = Object.values(procedures);
  const queries = all.filter(({ type }) => type === "query");
  const pathOf = ({ path }: Procedure) => path;
  const isNamed = namedOrigins(config.corsOrigins);
  const probes = [healthRoutes(parts.health, isFromThisMachine)];
  // In discreet mode the counts would tell what the answers do not.
  if (config.metricsPort === undefined && config.privacy === "open")
    probes.push(Router().use("/metrics", onlyThisMachine), metricsRoute(metrics));

  app.use(useLanguage, offerLanguageSwitch);
  app.use(requestLog(log, metrics.requested));
  app.use("/trpc", logCalls(all.map(({ name }) => name)));
  if (config.trustProxy === false) app.use(forwarding.middleware);
  app.use(securityHeaders(app.get("https"), config.returnOrigins));
  app.use(onlyValidHost);
  app.use("/assets", assets.serve);
  app.use(keepLanguage);
  app.use((req, res, next) => {
    res.set("Cache-Control", "no-store");
    // Others, such as those behind a proxy, would be led to a page that is not there for them.
    res.locals["hasMailbox"] = parts.devEmails !== undefined && isFromThisMachine(req);
    next();
  });
  app.use([...all.map(pathOf), "/trpc"], crossOrigin(isNamed, queries.map(pathOf)));
  if (spendRequest) app.use(limitRequests(spendRequest, refuseRequest));
  app.use(...probes);
  app.use(sameOrigin(isNamed), oneCredential);
  return probes;
}

/** Gives pages the look of the operator's brand. @returns what they load. */
function useBrand(app: Express, { root, views, config }: AppParts): Assets {
  const { logo, colors, ...links } = config.brand;
  const [stylesheet] = findViews(views, STYLESHEET);
  const assets = loadAssets({ folder: new URL("public/", root), stylesheet, colors, logo });
  app.locals["brand"] = { ...linksOf(links), logo: logoName(logo) };
  useViews(app, views, assets.pathOf);
  return assets;
}

/** Assembles the application: what every request passes, the transports, and the answers to everything else. */
export function createApp(parts: AppParts): Express {
  const {
    config,
    procedures,
    describeLink,
    describeReset,
    describeEmailChange,
    verifyAndSignIn,
    formKey,
    metrics,
    devEmails,
  } = parts;
  const app = express();
  // Should even our error page fail, Express answers by itself. Then it shows no stack.
  app.set("env", "production");
  app.disable("x-powered-by");
  // Nothing but assets may be stored, and those have one of their own.
  app.disable("etag");
  trustProxies(app, config.trustProxy);
  offerLanguages(app, parts.languages);
  app.set("origin", config.publicUrl.origin);
  app.set("appUrl", config.appUrl?.href);
  const base = config.publicUrl.pathname.replace(/\/$/, "");
  app.set("https", config.publicUrl.protocol === "https:");
  const assets = useBrand(app, parts);
  const botDetection = createBotDetection({ ...config.botDetection, key: formKey }, metrics.bot);
  const document = describeApi(Object.values(procedures), createEnglish(config.brand.name), base || "/");
  const routers = [
    pages({
      procedures,
      describeLink,
      describeReset,
      describeEmailChange,
      verifyAndSignIn,
      document,
      settings: config,
      botDetection,
      formKey,
    }),
    json(Object.values(procedures)),
    sessionCheck(procedures.session),
    openApi(document),
  ];
  if (devEmails) {
    routers.push(devMailbox(devEmails));
  }
  // Views and answers read what is there, and an app that mounts Foyer has its own there.
  app.use((_req, res, next) => {
    res.locals = {};
    next();
  });
  const methods = methodsByPath(routers);
  app.use(basePath(base, methods), useReturnTo(config.publicUrl.origin, config.returnOrigins));
  const probes = useCommon(app, assets, parts);
  app.use(...routers);
  app.use("/trpc", trpc(procedures));
  app.use(closedPaths(methodsByPath([...probes, ...routers])));
  app.use((_req, _res, next) => next(createError(404)));
  app.use(
    "/trpc",
    errorHandler((_req, res, fault) => sendTrpcFault(res, fault)),
  );
  app.use(errorHandler((req, res, fault) => (wantsPage(req) ? showFault(res, fault) : sendFault(res, fault))));
  return app;
}
