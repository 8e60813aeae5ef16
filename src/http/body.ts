import { isUtf8 } from "node:buffer";
import { json, type RequestHandler, text, urlencoded } from "express";
import createError from "http-errors";

/** Bytes: sixteen times the largest registration. */
export const BODY_LIMIT = 16 * 1024;

/** Bytes of a form that are read all the same, so that a page can give back what was typed. */
const FORM_READ_LIMIT = 128 * 1024;

/** What cannot be decoded would be taken for other text, and an account be made that nobody asked for. */
function refuseDamagedText(body: Buffer) {
  if (!isUtf8(body)) throw createError(400);
}

function refuseDamagedForm(body: Buffer) {
  refuseDamagedText(body);
  try {
    decodeURIComponent(body.toString());
  } catch {
    throw createError(400);
  }
}

const CHARSET = /;\s*charset\s*=\s*([^;]*)/gi;

/** Whether a charset is UTF-8 by any of its labels in the Encoding Standard (section 4.2). */
function isLabelOfUtf8(charset: string) {
  try {
    return new TextDecoder(charset.replaceAll(/["']/g, "")).encoding === "utf-8";
  } catch {
    return false;
  }
}

/**
 * Refuses with 415 text that is said to be anything but UTF-8: read in one way here and in another by a filter before us, it
 * would be two texts. What passes loses its parameters, for the parsers know UTF-8 by one name only.
 */
export const onlyUtf8: RequestHandler = (req, _res, next) => {
  const type = req.get("content-type");
  if (type === undefined) return next();
  if (![...type.matchAll(CHARSET)].every(([, charset = ""]) => isLabelOfUtf8(charset))) return next(createError(415));
  req.headers["content-type"] = type.replace(/;.*$/, "").trim();
  next();
};

/** Parses a body of one media type, and passes on to the next route a request that has another. */
function onlyFor(type: string, parse: RequestHandler): RequestHandler[] {
  return [(req, _res, next) => next(req.is(type) ? undefined : "route"), onlyUtf8, parse];
}

export const jsonBody = onlyFor("json", json({ limit: BODY_LIMIT, strict: false, verify: (_req, _res, body) => refuseDamagedText(body) }));

/** The same as text, for a door that parses it itself. */
export const jsonText = text({ type: "json", limit: BODY_LIMIT, verify: (_req, _res, body) => refuseDamagedText(body) });

/** One over 16 KiB fails with 413 and, where it could still be read, its text as the error's `body`. */
export const formBody = onlyFor(
  "urlencoded",
  urlencoded({
    limit: FORM_READ_LIMIT,
    parameterLimit: BODY_LIMIT,
    extended: false,
    verify: (_req, _res, body) => {
      refuseDamagedForm(body);
      if (body.length > BODY_LIMIT) throw createError(413);
    },
  }),
);
