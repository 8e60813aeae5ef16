import type { SessionKind } from "../../models/session.ts";
import type { Caller } from "../caller.ts";
import type { SessionLifetimes } from "../settings.ts";
import type { SignedInAccount, SignInOutput } from "./input.ts";
import type { StartedSession } from "./start.ts";

/** Gives whoever asked the token of a session that began, or goes on with it: as a cookie, or in the answer. */
export function handOver(
  caller: Caller,
  lifetimes: SessionLifetimes,
  { kind, account }: { kind: SessionKind; account: SignedInAccount },
  { token, expiresAt }: StartedSession,
): SignInOutput {
  const { id, email, verified } = account;
  if (kind === "bearer") return { id, email, verified, token, expiresAt: expiresAt.toISOString() };
  caller.keepSession(token, kind === "kept" ? lifetimes.kept.seconds : undefined);
  return { id, email, verified };
}
