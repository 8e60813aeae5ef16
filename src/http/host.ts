import type { RequestHandler } from "express";
import createError from "http-errors";

const HOST = /^[\w.~!$&'()*+,;=%-]*(?::\d*)?$|^\[[\da-f:.]+\](?::\d*)?$/i;

/** Refuses a malformed Host header with 400 (RFC 9112 section 3.2), because later steps build URLs from it. */
export const onlyValidHost: RequestHandler = (req, _res, next) => {
  const host = req.headers.host ?? "";
  next(HOST.test(host) && URL.canParse(`http://${host || "localhost"}`) ? undefined : createError(400));
};
