import type { Caller } from "./caller.ts";
import type { Result } from "./errors.ts";
import type { Registered } from "./input.ts";

/** What the doors can ask for. Input is what a client sent, as it came: the service parses it. */
export type Service = {
  register(input: unknown, caller: Caller): Promise<Result<Registered>>;
};
