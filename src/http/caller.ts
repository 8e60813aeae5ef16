import type { Request, Response } from "express";
import { randomSecret } from "../secrets/random-secret.ts";
import type { Caller } from "../service/caller.ts";
import { keepDeviceSecrets, readDeviceSecrets } from "./device-secret.ts";
import { onFinished } from "./on-finished.ts";

const USER_AGENT_LENGTH = 256;

function abortedSignal(req: Request, res: Response): AbortSignal {
  const controller = new AbortController();
  onFinished(req, res, (answered) => {
    if (!answered) controller.abort();
  });
  if (req.socket.destroyed) controller.abort();
  return controller.signal;
}

/** Reads who sent a request. The IP address is that of the socket, or the one that a trusted proxy names. */
export function callerOf(req: Request, res: Response): Caller {
  return {
    ip: req.ip ?? "",
    userAgent: (req.get("user-agent") ?? "").slice(0, USER_AGENT_LENGTH),
    requestId: String(res.locals["requestId"]),
    deviceSecrets: readDeviceSecrets(req),
    newDeviceSecret: randomSecret(),
    keepDeviceSecret: (secret) => keepDeviceSecrets(req, res, [secret]),
    signal: abortedSignal(req, res),
  };
}
