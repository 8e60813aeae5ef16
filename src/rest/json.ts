import { type RequestHandler, Router } from "express";
import { jsonBody } from "../http/body.ts";
import { callerOf } from "../http/caller.ts";
import type { Procedure } from "../service/procedure.ts";
import { sendRefusal } from "./problem.ts";

function answer({ run, success }: Procedure): RequestHandler {
  return async (req, res) => {
    const result = await run(req.body, callerOf(req, res));
    if (!result.ok) return sendRefusal(res, result.error);
    res.status(success.status);
    if (success.status === 204) res.end();
    else res.json(result.value);
  };
}

/** The JSON routes, one for each procedure. */
export function json(procedures: readonly Procedure[]): Router {
  const router = Router();
  for (const procedure of procedures) {
    if (procedure.type === "query") router.get(procedure.path, answer(procedure));
    else router.post(procedure.path, jsonBody, answer(procedure));
  }
  return router;
}
