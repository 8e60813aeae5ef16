import { z } from "zod";
import type { RegistrationInput } from "../service/input.ts";
import { orRefusal } from "./errors.ts";
import { t } from "./init.ts";

/** `auth.register`. Its input only gives the client types: the service's parse is the one that decides. */
export const register = t.procedure
  .input(z.custom<RegistrationInput>())
  .mutation(async ({ input, ctx }) => orRefusal(await ctx.inTurn(() => ctx.service.register(input, ctx.caller))));
