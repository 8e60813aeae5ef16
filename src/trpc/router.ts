import { t } from "./init.ts";
import { register } from "./registration.ts";
import { resendVerification, verifyEmail } from "./verification.ts";

export const appRouter = t.router({
  auth: t.router({ register, verifyEmail, resendVerification }),
});

export type AppRouter = typeof appRouter;
