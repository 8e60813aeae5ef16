import cors from "cors";
import type { RequestHandler } from "express";

/**
 * Lets frontends of the named origins use JSON and tRPC (CORS, with preflight and no cookies), but never the pages.
 * @param queries paths that answer JSON to a GET.
 */
export function crossOrigin(isNamed: (origin: string) => boolean, queries: readonly string[]): RequestHandler {
  // It allows any header fields, for tracing and RPC libraries add theirs.
  const allow = cors({
    origin: true,
    methods: ["GET", "POST"],
    exposedHeaders: ["Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"],
    maxAge: 600,
  });
  return (req, res, next) => {
    const isQuery = req.method === "GET" && queries.includes(req.baseUrl);
    const isForPrograms = req.method === "OPTIONS" || req.baseUrl === "/trpc" || isQuery || req.is("json");
    if (!isForPrograms) return next();
    res.vary("Origin");
    return isNamed(req.get("origin") ?? "") ? allow(req, res, next) : next();
  };
}
