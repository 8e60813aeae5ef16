import { initTRPC, type TRPCError } from "@trpc/server";
import type { Request, Response } from "express";
import { z } from "zod";
import { createSerialQueue, type SerialQueue } from "../admission/serial-queue.ts";
import { callerOf } from "../http/caller.ts";
import type { SpendRequest } from "../http/request-limit.ts";
import { english } from "../language/english.ts";
import type { Language } from "../language/language.ts";
import type { Caller } from "../service/caller.ts";
import type { Procedure } from "../service/procedure.ts";
import { presentError, RefusalError } from "./errors.ts";

export type Context = {
  caller: Caller;
  /** What refusals are written in. */
  language: () => Language;
  /** The calls of one batch wait for each other: they hold one place in the hashing queue, as one person would. */
  serialQueue: SerialQueue;
  /** Counts the request, once however many calls it has. @throws RefusalError for a network that sent too many. */
  admit: () => Promise<void>;
};

/**
 * The context of the calls of one request. @param language finds out the request's, once there is something to say.
 * @param spend counts it, where nothing before has.
 */
export function createContext(req: Request, res: Response, language: () => Language, spend?: SpendRequest): Context {
  const caller = callerOf(req, res);
  const count = async () => {
    const spent = await spend?.(caller.ip);
    if (spent && !spent.ok) throw new RefusalError(spent.error, language());
  };
  let counted: Promise<void> | undefined;
  const admit = () => {
    counted ??= count();
    return counted;
  };
  return { caller, language, serialQueue: createSerialQueue(), admit };
}

/** Has errors carry the refusal that they are, as `data.refusal`. */
export function errorFormatter<Shape extends { message: string; data: { path?: string } }>({
  shape,
  error,
  ctx,
}: {
  shape: Shape;
  error: TRPCError;
  ctx?: Partial<Pick<Context, "language">> | undefined;
}) {
  const { message, refusal } = presentError(error, ctx?.language?.() ?? english);
  const { path, ...data } = shape.data;
  // The path of a procedure that does not exist is whatever the client sent.
  const isKnown = refusal !== undefined || error.code !== "NOT_FOUND";
  return { ...shape, message, data: { ...data, ...(isKnown && path !== undefined && { path }), refusal } };
}

/** The one tRPC instance. Never in development mode, which sends stacks. */
export const t = initTRPC.context<Context>().create({ isDev: false, errorFormatter });

async function call<Input, Output>(
  { run }: Procedure<Input, Output>,
  input: unknown,
  { caller, language, serialQueue }: Context,
) {
  const result = await serialQueue(() => run(input, caller));
  if (!result.ok) throw new RefusalError(result.error, language());
  return result.value;
}

async function countedCall<Input, Output>(procedure: Procedure<Input, Output>, input: unknown, context: Context) {
  await context.admit();
  return call(procedure, input, context);
}

/** A query as tRPC has it. It takes no input. */
export function query<Output>(procedure: Procedure<void, Output>) {
  return t.procedure.query(({ ctx }) => countedCall(procedure, undefined, ctx));
}

/** One that does not count as a request: a server asks it for all of its people, from one network. */
export function uncountedQuery<Output>(procedure: Procedure<void, Output>) {
  return t.procedure.query(({ ctx }) => call(procedure, undefined, ctx));
}

/** A mutation as tRPC has it. Its input gives the client types only: the service's parse decides. */
export function mutation<Input, Output>(procedure: Procedure<Input, Output>) {
  return t.procedure.input(z.custom<Input>()).mutation(({ input, ctx }) => countedCall(procedure, input, ctx));
}
