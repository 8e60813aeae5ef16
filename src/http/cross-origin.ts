import cors from "cors";
import type { RequestHandler } from "express";

/**
 * Lets frontends of the named origins read what programs are answered (CORS, with preflight). They send no cookies, and
 * pages are never among it.
 */
export function crossOrigin(origins: readonly string[]): RequestHandler {
  const allow = cors({
    origin: [...origins],
    methods: ["GET", "POST"],
    allowedHeaders: ["Content-Type"],
    exposedHeaders: ["Retry-After", "RateLimit", "RateLimit-Policy", "X-Request-Id"],
    maxAge: 600,
  });
  return (req, res, next) => {
    const isNamed = origins.includes(req.get("origin") ?? "");
    const isForPrograms = req.method === "OPTIONS" || req.baseUrl === "/trpc" || req.is("json");
    return isNamed && isForPrograms ? allow(req, res, next) : next();
  };
}
