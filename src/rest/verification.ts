import type { RequestHandler } from "express";
import { callerOf } from "../http/caller.ts";
import type { Service } from "../service/service.ts";
import { sendProblem } from "./problem.ts";

/** POST /verify with JSON: 200 and the account, or a problem. */
export function verifyEmail(service: Service): RequestHandler {
  return async (req, res) => {
    const result = await service.verifyEmail(req.body, callerOf(req, res));
    if (!result.ok) return sendProblem(res, result.error);
    res.json(result.value);
  };
}

/** POST /verify/resend with JSON: 202 and the address, for every address. */
export function resendVerification(service: Service): RequestHandler {
  return async (req, res) => {
    const result = await service.resendVerification(req.body, callerOf(req, res));
    if (!result.ok) return sendProblem(res, result.error);
    res.status(202).json(result.value);
  };
}
