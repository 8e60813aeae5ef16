import type { TRPCError } from "@trpc/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import { type Request, type RequestHandler, type Response, Router } from "express";
import createError from "http-errors";
import { jsonText, onlyUtf8 } from "../http/body.ts";
import { languageOf } from "../http/language.ts";
import { onlyMethods } from "../http/methods.ts";
import type { Caller } from "../service/caller.ts";
import type { Procedure } from "../service/procedure.ts";
import type { Procedures } from "../service/procedures.ts";
import { MAX_BATCH } from "./batch.ts";
import { callsOf } from "./calls.ts";
import { RefusalError } from "./errors.ts";
import { holdUntilWhole } from "./hold.ts";
import { createContext } from "./init.ts";
import { createRouter } from "./router.ts";

const onlyGetAndPost: RequestHandler = (req, res, next) =>
  req.method === "GET" || req.method === "POST" ? next() : onlyMethods("GET", "POST")(req, res, next);

/** tRPC would read forms and bytes as well, which a page of another site can send without asking first. */
const onlyJson: RequestHandler = (req, _res, next) => next(req.is("json") === false ? createError(415) : undefined);

/**
 * Creates what sees to the cookies of a streamed answer, whose head leaves before its calls are done. It is called before
 * that. Those of a sign-up are set before it is known whether they are needed; for any other the head is held back, since
 * nobody is signed in, or known at another address, before that is done.
 */
export function cookiesOfStreamed(procedures: Procedures) {
  const sets = new Map<string, Procedure["sets"]>(Object.values(procedures).map(({ name, sets }) => [name, sets]));
  return (req: Request, res: Response, caller: Caller): void => {
    if (req.get("trpc-accept") !== "application/jsonl") return;
    const cookies = callsOf(req).flatMap((name) => sets.get(name) ?? []);
    if (cookies.some((cookie) => cookie !== "deviceCookie")) holdUntilWhole(res);
    else if (cookies.length > 0) caller.keepDeviceSecrets([caller.newDeviceSecret, ...caller.deviceSecrets]);
  };
}

/** The calls of a batch share one answer: its header fields are of the refusal that asks for the longest wait. */
function longestWait(errors: readonly TRPCError[]): Record<string, string> {
  const all = errors.flatMap((error) => (error instanceof RefusalError ? [error.headers] : []));
  return all.toSorted((a, b) => Number(b["Retry-After"] ?? 0) - Number(a["Retry-After"] ?? 0))[0] ?? {};
}

/** The procedures by tRPC. */
export function trpc(procedures: Procedures): Router {
  const router = Router();
  const seeToCookies = cookiesOfStreamed(procedures);
  router.use(
    onlyGetAndPost,
    onlyJson,
    onlyUtf8,
    ...jsonText,
    createExpressMiddleware({
      router: createRouter(procedures),
      createContext: ({ req, res }) => {
        const context = createContext(req, res, () => languageOf(res));
        seeToCookies(req, res, context.caller);
        return context;
      },
      maxBatchSize: MAX_BATCH,
      // tRPC itself names no type where a path cannot be decoded.
      responseMeta: ({ errors }) => ({ headers: { "Content-Type": "application/json", ...longestWait(errors) } }),
      onError: ({ error, req }) => {
        if (req.res && error.code === "INTERNAL_SERVER_ERROR") req.res.locals["fault"] = error.cause ?? error;
      },
    }),
  );
  return router;
}
