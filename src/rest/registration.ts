import type { RequestHandler } from "express";
import { callerOf } from "../http/caller.ts";
import type { Service } from "../service/service.ts";
import { sendProblem } from "./problem.ts";

/** POST /register with JSON: 201 and the account, or a problem. */
export function register(service: Service): RequestHandler {
  return async (req, res) => {
    const result = await service.register(req.body, callerOf(req, res));
    if (!result.ok) return sendProblem(res, result.error);
    res.status(201).json(result.value);
  };
}
