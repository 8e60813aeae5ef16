import type { Caller } from "./caller.ts";
import type { Result } from "./errors.ts";
import type { Account, Mailed } from "./input.ts";
import type { Link } from "./verification.ts";

/** What the doors can ask for. Input is what a client sent, as it came: the service parses it. */
export type Service = {
  register(input: unknown, caller: Caller): Promise<Result<Account>>;
  readLink(link: string, caller: Caller): Promise<Result<Link>>;
  verifyEmail(input: unknown, caller: Caller): Promise<Result<Account>>;
  resendVerification(input: unknown, caller: Caller): Promise<Result<Mailed>>;
};
