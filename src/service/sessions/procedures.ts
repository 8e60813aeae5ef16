import { z } from "zod";
import { type ProcedureDeps, procedure } from "../procedure.ts";
import { currentSession } from "./current.ts";
import { endSession } from "./end.ts";
import {
  endSessionInput,
  reauthenticateInput,
  sessionOutput,
  sessionsOutput,
  signInInput,
  signInOutput,
  signOutInput,
} from "./input.ts";
import { listSessions } from "./list.ts";
import type { FindSession } from "./live.ts";
import { reauthenticate } from "./reauthenticate.ts";
import { type SignInDeps, signIn } from "./sign-in.ts";
import { signOut } from "./sign-out.ts";

export type SessionParts = SignInDeps & ProcedureDeps & { findSession: FindSession };

function passwordProcedures(deps: SessionParts) {
  return {
    signIn: procedure(deps, {
      name: "auth.signIn",
      type: "mutation",
      path: "/sign-in",
      summary: "Sign in",
      input: signInInput,
      output: signInOutput,
      success: { status: 200, description: "Signed in: by a cookie, or by the token in the answer." },
      refusals: ["invalid_input", "invalid_credentials", "email_not_verified", "rate_limited", "busy"],
      sets: "sessionCookie",
      run: (input, caller) => signIn(deps, input, caller),
    }),
    reauthenticate: procedure(deps, {
      name: "auth.reauthenticate",
      type: "mutation",
      path: "/account/reauthenticate",
      summary: "Give the password again",
      input: reauthenticateInput,
      output: signInOutput,
      success: { status: 200, description: "The session goes on, with another cookie or token." },
      refusals: ["not_signed_in", "invalid_input", "invalid_credentials", "rate_limited", "busy"],
      sets: "sessionCookie",
      run: (input, caller) => reauthenticate(deps, input, caller),
    }),
  };
}

export function sessionProcedures(deps: SessionParts) {
  return {
    ...passwordProcedures(deps),
    session: procedure(deps, {
      name: "auth.session",
      type: "query",
      path: "/session",
      summary: "Who is signed in",
      input: z.void(),
      output: sessionOutput,
      success: { status: 200, description: "The account and the session, or null for both." },
      refusals: [],
      run: (_input, caller) => currentSession(deps.findSession, caller),
    }),
    signOut: procedure(deps, {
      name: "auth.signOut",
      type: "mutation",
      path: "/sign-out",
      summary: "Sign out here, elsewhere or everywhere",
      input: signOutInput,
      output: z.void(),
      success: { status: 204, description: "Signed out, or there was no session." },
      refusals: ["invalid_input"],
      sets: "sessionCookie",
      run: (input, caller) => signOut(deps, input, caller),
    }),
    sessions: procedure(deps, {
      name: "auth.sessions",
      type: "query",
      path: "/sessions",
      summary: "List the account's sessions",
      input: z.void(),
      output: sessionsOutput,
      success: { status: 200, description: "The sessions, the one used last first." },
      refusals: ["not_signed_in"],
      run: (_input, caller) => listSessions(deps, caller),
    }),
    endSession: procedure(deps, {
      name: "auth.endSession",
      type: "mutation",
      path: "/sessions/end",
      summary: "End one session",
      input: endSessionInput,
      output: z.void(),
      success: { status: 204, description: "The session has ended." },
      refusals: ["not_signed_in", "session_unknown"],
      sets: "sessionCookie",
      run: (input, caller) => endSession(deps, input, caller),
    }),
  };
}
