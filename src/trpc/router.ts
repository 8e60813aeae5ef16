import type { Procedures } from "../service/procedures.ts";
import { mutation, t } from "./init.ts";

/** The procedures by their tRPC names, a line each. */
export function createRouter(procedures: Procedures) {
  return t.router({
    auth: t.router({
      register: mutation(procedures.register),
      verifyEmail: mutation(procedures.verifyEmail),
      resendVerification: mutation(procedures.resendVerification),
    }),
  });
}

export type AppRouter = ReturnType<typeof createRouter>;
