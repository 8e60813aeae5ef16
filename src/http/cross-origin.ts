import cors from "cors";
import type { RequestHandler } from "express";

/** Lets frontends of the named origins use JSON and tRPC (CORS, with preflight and no cookies), but never the pages. */
export function crossOrigin(isNamed: (origin: string) => boolean): RequestHandler {
  // It allows any header fields, for tracing and RPC libraries add theirs.
  const allow = cors({
    origin: true,
    methods: ["GET", "POST"],
    exposedHeaders: ["Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"],
    maxAge: 600,
  });
  return (req, res, next) => {
    const isForPrograms = req.method === "OPTIONS" || req.baseUrl === "/trpc" || req.is("json");
    if (!isForPrograms) return next();
    res.vary("Origin");
    return isNamed(req.get("origin") ?? "") ? allow(req, res, next) : next();
  };
}
