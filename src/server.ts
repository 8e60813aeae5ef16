import express, { type ErrorRequestHandler, type Express, type Request, type Response } from "express";
import createError from "http-errors";
import type { Logger } from "pino";
import type { Config } from "./config.ts";
import { crossOrigin } from "./http/cross-origin.ts";
import { type Fault, faultOf } from "./http/fault.ts";
import { noticeForwarded } from "./http/forwarded.ts";
import { onlyValidHost } from "./http/host.ts";
import { onlyMethods } from "./http/methods.ts";
import { namedOrigins } from "./http/named-origins.ts";
import { requestLog } from "./http/request-log.ts";
import { sameOrigin } from "./http/same-origin.ts";
import { securityHeaders } from "./http/security-headers.ts";
import { health } from "./ops/health.ts";
import { type Metrics, metricsRoute } from "./ops/metrics.ts";
import { assets } from "./pages/assets.ts";
import { showFault } from "./pages/fault.ts";
import { pages } from "./pages/index.ts";
import { mailbox, type ShownMail } from "./pages/mailbox.ts";
import { createRobotTrap } from "./pages/robot-trap.ts";
import { useViews } from "./pages/views.ts";
import { rest } from "./rest/index.ts";
import { sendFault } from "./rest/problem.ts";
import type { Service } from "./service/service.ts";
import type { ServiceSettings } from "./service/settings.ts";
import { namesCalls } from "./trpc/calls.ts";
import { sendTrpcFault } from "./trpc/fault.ts";
import { trpc } from "./trpc/index.ts";

/** The folder of the package. */
export const ROOT = new URL(".", import.meta.resolve("foyer/package.json"));

/** A form is answered with a page, JSON with JSON, and where nothing was sent, Accept tells. */
function wantsPage(req: Request) {
  return Boolean(req.is("urlencoded")) || (!req.is("json") && req.accepts(["json", "html"]) === "html");
}

/** Answers what reached the end of the line, in the form that the client reads. */
function lastResort(answer: (req: Request, res: Response, fault: Fault) => void): ErrorRequestHandler {
  return (error, req, res, next) => {
    const fault = faultOf(error);
    if (fault.status >= 500) res.locals["fault"] = error;
    if (res.headersSent) return next(error);
    return answer(req, res, fault);
  };
}

export type ServerParts = {
  config: Config;
  service: Service;
  settings: ServiceSettings;
  /** Signs what a form carries. */
  formKey: Buffer;
  log: Logger;
  metrics: Metrics;
  isReady: () => Promise<boolean>;
  /** While developing, the mails that were not sent but are shown. */
  mails: (() => readonly ShownMail[]) | undefined;
};

/** Assembles the Express application: what every request passes, the doors, and what answers where none does. */
export function server({ config, service, settings, formKey, log, metrics, isReady, mails }: ServerParts): Express {
  const app = express();
  // Express's own last resort, should even our error page fail, then answers without a stack.
  app.set("env", "production");
  app.disable("x-powered-by");
  app.set("trust proxy", config.trustProxy);
  const isHttps = config.publicUrl.protocol === "https:";
  app.set("https", isHttps);
  useViews(app, new URL("views/", ROOT));

  app.use(
    requestLog(log, ({ method, route, status, milliseconds, isFault }) => {
      metrics.requestSeconds.observe({ method, route, status }, milliseconds / 1000);
      if (isFault) metrics.faults.inc();
    }),
  );
  app.use("/trpc", namesCalls);
  const forwarded = noticeForwarded(log);
  if (config.trustProxy === false) app.use(forwarded.middleware);
  app.use(securityHeaders(isHttps));
  app.use(onlyValidHost);
  app.use("/assets", assets(new URL("public/", ROOT)));
  app.use((_req, res, next) => {
    res.set("Cache-Control", "no-store");
    next();
  });
  app.use(health(isReady, forwarded.remarks));
  // What is counted would tell what an answer in discreet mode does not.
  if (config.metricsPort === undefined && config.privacy === "open")
    app.use(metricsRoute(metrics)).all("/metrics", onlyMethods("GET", "HEAD"));
  const isNamed = namedOrigins(config.corsOrigins);
  app.use(["/register", "/verify", "/trpc"], crossOrigin(isNamed));
  app.use(sameOrigin(config.publicUrl.origin, isNamed));

  const trap = createRobotTrap({ ...config.robotTrap, key: formKey }, metrics.robot);
  app.use(pages({ service, settings, trap }));
  if (mails) {
    app.locals["hasMailbox"] = true;
    app.use(mailbox(mails));
    app.all(["/mailbox", "/mailbox/:number", "/mailbox/:number/html"], onlyMethods("GET", "HEAD"));
  }
  app.use(rest(service, settings));
  app.use("/trpc", trpc(service));

  app.post(["/register", "/verify", "/verify/resend"], (_req, _res, next) => next(createError(415)));
  app.all(["/register", "/verify"], onlyMethods("GET", "HEAD", "POST"));
  app.all("/verify/resend", onlyMethods("POST"));
  app.all(["/", "/welcome", "/verified", "/docs", "/openapi.json", "/healthz", "/readyz"], onlyMethods("GET", "HEAD"));
  app.use((_req, _res, next) => next(createError(404)));
  app.use(
    "/trpc",
    lastResort((_req, res, fault) => sendTrpcFault(res, fault)),
  );
  app.use(lastResort((req, res, fault) => (wantsPage(req) ? showFault(res, fault) : sendFault(res, fault))));
  return app;
}
