import type { RequestHandler } from "express";
import createError from "http-errors";

const HOST = /^[\w.~!$&'()*+,;=%-]*(?::\d*)?$|^\[[\da-f:.]+\](?::\d*)?$/i;

/** Refuses with 400 a Host that is none (RFC 9112 section 3.2), which what comes after would stumble over. */
export const onlyValidHost: RequestHandler = (req, _res, next) => {
  const host = req.headers.host ?? "";
  next(HOST.test(host) && URL.canParse(`http://${host || "localhost"}`) ? undefined : createError(400));
};
