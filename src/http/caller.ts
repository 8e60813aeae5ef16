import type { Request, Response } from "express";
import type { Caller } from "../service/caller.ts";
import { browserOf } from "./browser.ts";
import { whenEnded } from "./ended.ts";

function goneSignal(req: Request, res: Response): AbortSignal {
  const gone = new AbortController();
  whenEnded(req, res, (answered) => {
    if (!answered) gone.abort();
  });
  if (req.socket.destroyed) gone.abort();
  return gone.signal;
}

/** Reads who asks. The address is the socket's, or that which a trusted proxy names. */
export function callerOf(req: Request, res: Response): Caller {
  return {
    ip: req.ip ?? "",
    userAgent: req.get("user-agent") ?? "",
    browser: browserOf(req, res),
    requestId: String(res.locals["requestId"]),
    gone: goneSignal(req, res),
  };
}
