import { Router } from "express";
import type { Caller } from "../service/caller.ts";
import type { Result } from "../service/refusal.ts";
import { callerOf } from "./caller.ts";
import { REFUSALS, refusalHeaders } from "./refusals.ts";

type Account = { id: number; email: string; verified: boolean };

type CurrentSession = { run(input: unknown, caller: Caller): Promise<Result<{ account: Account | null }>> };

/**
 * GET /session/check, for proxies and programs that read no JSON: 204 with the account in headers, or 401. What is beyond
 * ASCII in an e-mail address is percent-encoded in UTF-8, and so is `%`.
 */
export function sessionCheck({ run }: CurrentSession): Router {
  return Router().get("/session/check", async (req, res) => {
    const result = await run(undefined, callerOf(req, res));
    const refusal = result.ok ? ({ code: "not_signed_in" } as const) : result.error;
    const account = result.ok ? result.value.account : null;
    if (!account) {
      res.status(REFUSALS[refusal.code].status).set(refusalHeaders(refusal)).end();
      return;
    }
    res.set({
      "Foyer-Account-Id": String(account.id),
      "Foyer-Account-Email": account.email.replaceAll(/[^!-$&-~]+/gu, encodeURIComponent),
      "Foyer-Account-Verified": String(account.verified),
    });
    res.status(204).end();
  });
}
