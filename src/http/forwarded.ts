import type { RequestHandler } from "express";
import type { Logger } from "pino";

const HEADERS = ["x-forwarded-for", "forwarded"];
const REMARK =
  "Forwarding headers arrive, but no proxy is trusted: if Foyer runs behind one, all clients count as one until TRUST_PROXY is set";

/** Notices forwarding headers where none are believed, says so once in the log, and remarks on it to whoever asks. */
export function noticeForwarded(log: Logger): { middleware: RequestHandler; remarks: () => string[] } {
  let noticed = false;
  return {
    middleware: (req, _res, next) => {
      if (!noticed && HEADERS.some((header) => req.get(header) !== undefined)) {
        noticed = true;
        log.warn(REMARK);
      }
      next();
    },
    remarks: () => (noticed ? [REMARK] : []),
  };
}
