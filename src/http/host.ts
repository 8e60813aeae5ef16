import type { RequestHandler } from "express";
import createError from "http-errors";

const HOST = /^[\w.~!$&'()*+,;=%-]*(?::\d*)?$|^\[[\da-f:.]+\](?::\d*)?$/i;

/** Of a domain, with a port. URLs take time by the square of a name that has escapes. */
const MOST_LENGTH = 261;

/** Refuses a malformed Host header with 400 (RFC 9112 section 3.2), because later steps build URLs from it. */
export const onlyValidHost: RequestHandler = (req, _res, next) => {
  const host = req.headers.host ?? "";
  const isShort = host.length <= MOST_LENGTH;
  next(isShort && HOST.test(host) && URL.canParse(`http://${host || "localhost"}`) ? undefined : createError(400));
};
