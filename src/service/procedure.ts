import type { Logger } from "pino";
import type { z } from "zod";
import { refuseWhenUnavailable } from "./availability.ts";
import type { Caller } from "./caller.ts";
import type { RefusalCode, Result } from "./refusal.ts";

/** What can be asked for by JSON, by tRPC and, for some, by a page. All of them follow from it. */
export type Procedure<Input = unknown, Output = unknown> = {
  name: `auth.${string}`;
  /** A query changes nothing: by JSON it is a GET, and a mutation a POST. */
  type: "query" | "mutation";
  path: `/${string}`;
  summary: string;
  input: z.ZodType<unknown, Input>;
  output: z.ZodType<Output>;
  success: { status: 200 | 201 | 202 | 204; description: string };
  refusals: readonly RefusalCode[];
  /** The cookie that an answer may give a browser, or take away: its session, who signed in, or the secret of its sign-up. */
  sets?: "sessionCookie" | "knownCookie" | "deviceCookie";
  /** @param input what a client sent, as it came: it is parsed here and nowhere else. */
  run(input: unknown, caller: Caller): Promise<Result<Output>>;
};

type Run<Output, Code extends RefusalCode> = (input: unknown, caller: Caller) => Promise<Result<Output, Code>>;

/** What a feature says of a procedure: it names its own refusals, and the compiler holds what it runs against them. */
type Description<Input, Output, Code extends RefusalCode> = Omit<Procedure<Input, Output>, "refusals" | "run"> & {
  refusals: readonly Code[];
  run: Run<Output, Code>;
};

export type ProcedureDeps = {
  log: Logger;
  called(name: string, outcome: "ok" | RefusalCode): void;
};

/** Has what runs for a procedure counted under its name, and refused with `unavailable` while there is no database. */
export function guarded<Output, Code extends RefusalCode>(
  { log, called }: ProcedureDeps,
  name: string,
  run: Run<Output, Code>,
) {
  return async (input: unknown, caller: Caller): Promise<Result<Output>> => {
    const result = await refuseWhenUnavailable(log, caller, () => run(input, caller));
    called(name, result.ok ? "ok" : result.error.code);
    return result;
  };
}

/** Makes a procedure of its description. */
export function procedure<Input, Output, Code extends RefusalCode>(
  deps: ProcedureDeps,
  description: Description<Input, Output, Code>,
): Procedure<Input, Output> {
  const { name, refusals, run } = description;
  return {
    ...description,
    refusals: [...refusals, "unavailable"],
    run: guarded(deps, name, run),
  };
}
