import { t } from "./init.ts";
import { register } from "./registration.ts";

export const appRouter = t.router({
  auth: t.router({ register }),
});

export type AppRouter = typeof appRouter;
