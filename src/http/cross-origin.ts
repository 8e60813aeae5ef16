import cors from "cors";
import type { RequestHandler } from "express";

/**
 * Lets frontends of the named origins read what programs are answered (CORS, with preflight), whatever header fields they
 * add: tracing and RPC libraries have their own. They send no cookies, and pages are never among it.
 */
export function crossOrigin(isNamed: (origin: string) => boolean): RequestHandler {
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
