import type { SessionKind } from "../../models/session.ts";
import type { Caller } from "../caller.ts";
import type { SessionLifetimes } from "../settings.ts";
import type { SignedInAccount, SignInOutput } from "./input.ts";
import type { LiveSession } from "./live.ts";
import type { StartedSession } from "./start.ts";

/** What clients read of an account that somebody is signed in to. */
export function toOutput({
  id,
  email,
  verified,
  deletesAt,
  termsDue,
}: Omit<LiveSession["account"], "emailKey">): SignedInAccount {
  return {
    ...{ id, email, verified },
    ...(deletesAt && { deletesAt: deletesAt.toISOString() }),
    ...(termsDue && { termsDue }),
  };
}

/** Gives whoever asked the token of a session that began, or goes on with it: as a cookie, or in the answer. */
export function handOver(
  caller: Caller,
  lifetimes: SessionLifetimes,
  { kind, account }: { kind: SessionKind; account: Parameters<typeof toOutput>[0] },
  { token, expiresAt }: StartedSession,
): SignInOutput {
  if (kind === "bearer") return { ...toOutput(account), token, expiresAt: expiresAt.toISOString() };
  caller.keepSession(token, kind === "kept" ? lifetimes.kept.seconds : undefined);
  return toOutput(account);
}
