import type { Request, RequestHandler, Response } from "express";
import type { RefusalOf, Result } from "../service/refusal.ts";
import { clientAddress } from "./client-address.ts";

/** Reading these asks nothing of the database. All else counts, so that nothing new is forgotten. */
const UNCOUNTED = new Set(["/register", "/welcome", "/docs", "/openapi.json", "/healthz"]);
/** A server asks them for all of its people, from one network. Many at once share one statement. */
const SESSION_READS = new Set(["/", "/verified", "/session", "/session/check", "/trpc/auth.session"]);
const READING = new Set(["GET", "HEAD", "OPTIONS"]);

export type SpendRequest = (ip: string) => Promise<Result<void, "rate_limited">>;

/** Refuses requests of a network that sends too many, before anything is asked or parsed for them. */
export function limitRequests(
  spend: SpendRequest,
  refuse: (req: Request, res: Response, refusal: RefusalOf<"rate_limited">) => void,
): RequestHandler {
  return async (req, res, next) => {
    const isFree = UNCOUNTED.has(req.path) || SESSION_READS.has(req.path);
    if (READING.has(req.method) && isFree) return next();
    const spent = await spend(clientAddress(req));
    if (spent.ok) return next();
    return refuse(req, res, spent.error);
  };
}
