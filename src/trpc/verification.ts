import { z } from "zod";
import type { ResendInput, VerificationInput } from "../service/input.ts";
import { orRefusal } from "./errors.ts";
import { t } from "./init.ts";

/** `auth.verifyEmail`: by the token of a link, or by the code beside it in the browser of the sign-up. */
export const verifyEmail = t.procedure
  .input(z.custom<VerificationInput>())
  .mutation(async ({ input, ctx }) => orRefusal(await ctx.inTurn(() => ctx.service.verifyEmail(input, ctx.caller))));

/** `auth.resendVerification`: the same answer for every address. */
export const resendVerification = t.procedure
  .input(z.custom<ResendInput>())
  .mutation(async ({ input, ctx }) => orRefusal(await ctx.inTurn(() => ctx.service.resendVerification(input, ctx.caller))));
