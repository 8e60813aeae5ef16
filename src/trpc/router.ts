import type { Procedures } from "../service/procedures.ts";
import { mutation, query, t, uncountedQuery } from "./init.ts";

/** The procedures by their tRPC names, a line each. */
export function createRouter(procedures: Procedures) {
  return t.router({
    auth: t.router({
      register: mutation(procedures.register),
      verifyEmail: mutation(procedures.verifyEmail),
      resendVerification: mutation(procedures.resendVerification),
      signIn: mutation(procedures.signIn),
      session: uncountedQuery(procedures.session),
      signOut: mutation(procedures.signOut),
      sessions: query(procedures.sessions),
      endSession: mutation(procedures.endSession),
      reauthenticate: mutation(procedures.reauthenticate),
      acceptTerms: mutation(procedures.acceptTerms),
      requestPasswordReset: mutation(procedures.requestPasswordReset),
      resetPassword: mutation(procedures.resetPassword),
      changePassword: mutation(procedures.changePassword),
      requestEmailChange: mutation(procedures.requestEmailChange),
      confirmEmailChange: mutation(procedures.confirmEmailChange),
      undoEmailChange: mutation(procedures.undoEmailChange),
      exportAccount: query(procedures.exportAccount),
      deleteAccount: mutation(procedures.deleteAccount),
      keepAccount: mutation(procedures.keepAccount),
    }),
  });
}

export type AppRouter = ReturnType<typeof createRouter>;
