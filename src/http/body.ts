import { isUtf8 } from "node:buffer";
import { parse as parseForm } from "node:querystring";
import { type RequestHandler, text } from "express";
import createError from "http-errors";

/** In bytes. It is sixteen times what the largest registration needs. */
export const BODY_LIMIT = 16 * 1024;

/** In bytes. A form over the limit is read up to here, so that the page can give back what was typed. */
const FORM_READ_LIMIT = 128 * 1024;

/** Text that cannot be decoded would be read as other text, and create an account that nobody asked for. */
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

function isLabelOfUtf8(charset: string) {
  try {
    return new TextDecoder(charset.replaceAll(/["']/g, "")).encoding === "utf-8";
  } catch {
    return false;
  }
}

/** Refuses a charset other than UTF-8 with 415: a filter in front could read another text in it than Foyer does. */
export const onlyUtf8: RequestHandler = (req, _res, next) => {
  const type = req.get("content-type");
  if (type === undefined) return next();
  if (![...type.matchAll(CHARSET)].every(([, charset = ""]) => isLabelOfUtf8(charset))) return next(createError(415));
  // The parsers know UTF-8 by one name only.
  req.headers["content-type"] = type.replace(/;.*$/, "").trim();
  next();
};

/** An app that mounts Foyer may have read the body before, into bytes, a text or an object. */
function textOf(body: unknown): string | undefined {
  return Buffer.isBuffer(body) ? body.toString() : typeof body === "string" ? body : undefined;
}

function parseJson(text: string): unknown {
  if (text === "") return {};
  try {
    return JSON.parse(text);
  } catch {
    throw createError(400);
  }
}

function onlyFor(type: string, ...parse: RequestHandler[]): RequestHandler[] {
  return [(req, _res, next) => next(req.is(type) ? undefined : "route"), onlyUtf8, ...parse];
}

/** JSON as text, for a transport that parses it itself. */
export const jsonText: RequestHandler[] = [
  text({ type: "json", limit: BODY_LIMIT, verify: (_req, _res, body) => refuseDamagedText(body) }),
  (req, _res, next) => {
    req.body = textOf(req.body) ?? req.body;
    next();
  },
];

export const jsonBody = onlyFor("json", ...jsonText, (req, _res, next) => {
  if (typeof req.body === "string") req.body = parseJson(req.body);
  next();
});

/**
 * A form over 16 KiB fails with 413. The error has its text as `body`, where it could still be read. Node's own parser
 * takes a field that comes thousands of times in linear time, which Express's does not.
 */
export const formBody = onlyFor(
  "urlencoded",
  text({
    type: "urlencoded",
    limit: FORM_READ_LIMIT,
    verify: (_req, _res, body) => {
      refuseDamagedForm(body);
      if (body.length > BODY_LIMIT) throw createError(413);
    },
  }),
  (req, _res, next) => {
    const text = textOf(req.body);
    if (text !== undefined) req.body = parseForm(text, "&", "=", { maxKeys: 0 });
    next();
  },
);
