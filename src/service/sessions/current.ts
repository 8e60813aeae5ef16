import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import type { Result } from "../refusal.ts";
import { toOutput } from "./hand-over.ts";
import { toHandle } from "./handle.ts";
import type { SessionOutput } from "./input.ts";
import type { FindSession } from "./live.ts";

/** Tells who the caller is. To be nobody is no error. It sets no cookie, so that a server can ask for a browser. */
export async function currentSession(findSession: FindSession, caller: Caller): Promise<Result<SessionOutput, never>> {
  const session = await findSession(caller.credential());
  if (!session) return ok({ account: null, session: null });
  return ok({
    account: toOutput(session.account),
    session: {
      handle: toHandle(session.tokenHash),
      createdAt: session.createdAt.toISOString(),
      authenticatedAt: session.authenticatedAt.toISOString(),
      expiresAt: session.expiresAt.toISOString(),
    },
  });
}
