import { initTRPC } from "@trpc/server";
import type { Caller } from "../service/caller.ts";
import type { Service } from "../service/service.ts";
import { presentError } from "./errors.ts";
import type { InTurn } from "./in-turn.ts";

export type Context = { service: Service; caller: Caller; inTurn: InTurn };

/** The one tRPC instance. Never in development mode, which sends stacks. */
export const t = initTRPC.context<Context>().create({
  isDev: false,
  errorFormatter: ({ shape, error }) => {
    const { message, data } = presentError(error);
    return { ...shape, message, data: { httpStatus: shape.data.httpStatus, ...data } };
  },
});
