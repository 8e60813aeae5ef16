import { z } from "zod";
import type { RegistrationInput } from "../service/input.ts";
import { Refusal } from "./errors.ts";
import { t } from "./init.ts";

/** `auth.register`. Its input only gives the client types: the service's parse is the one that decides. */
export const register = t.procedure.input(z.custom<RegistrationInput>()).mutation(async ({ input, ctx }) => {
  const result = await ctx.inTurn(() => ctx.service.register(input, ctx.caller));
  if (!result.ok) throw new Refusal(result.error);
  return result.value;
});
