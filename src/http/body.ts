import { isUtf8 } from "node:buffer";
import { json, type RequestHandler, urlencoded } from "express";
import createError from "http-errors";

/** Bytes: sixteen times the largest registration. */
export const BODY_LIMIT = 16 * 1024;

/** What cannot be decoded would be taken for other text, and an account be made that nobody asked for. */
function refuseDamagedText(_req: unknown, _res: unknown, body: Buffer) {
  if (!isUtf8(body)) throw createError(400);
}

function refuseDamagedForm(_req: unknown, _res: unknown, body: Buffer) {
  refuseDamagedText(_req, _res, body);
  try {
    decodeURIComponent(body.toString());
  } catch {
    throw createError(400);
  }
}

/** Parses a body of one media type, and passes on to the next route a request that has another. */
function onlyFor(type: string, parse: RequestHandler): RequestHandler {
  return (req, res, next) => (req.is(type) ? parse(req, res, next) : next("route"));
}

export const jsonBody = onlyFor("json", json({ limit: BODY_LIMIT, strict: false, verify: refuseDamagedText }));
export const formBody = onlyFor(
  "urlencoded",
  urlencoded({ limit: BODY_LIMIT, parameterLimit: BODY_LIMIT, extended: false, verify: refuseDamagedForm }),
);
