import { initTRPC, TRPCError } from "@trpc/server";
import { createExpressMiddleware } from "@trpc/server/adapters/express";
import type { Request, Response } from "express";
import type { Foyer } from "foyer";

/** The app's own procedures, with Foyer's among them. */
export function createRouter(foyer: Foyer) {
  const createContext = async (options: { req: Request; res: Response }) => ({
    ...foyer.createContext(options),
    current: await foyer.session(options.req),
  });
  const t = initTRPC.context<typeof createContext>().create({ isDev: false, errorFormatter: foyer.errorFormatter });
  const router = t.router({
    auth: foyer.router.auth,
    notes: t.procedure.query(({ ctx: { current } }) => {
      if (!current) throw new TRPCError({ code: "UNAUTHORIZED" });
      return [`The first note of ${current.account.email}`];
    }),
  });
  return { router, createContext };
}

/** For the app's typed client. */
export type AppRouter = ReturnType<typeof createRouter>["router"];

export function trpc(foyer: Foyer) {
  return createExpressMiddleware({ ...createRouter(foyer), maxBatchSize: 10, maxBodySize: 16_384 });
}
