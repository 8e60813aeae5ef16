import type { TRPCClientError } from "@trpc/client";
import type { AppRouter } from "./router.ts";

/** What a failed call throws. Its `data`, if an answer came, may have a `refusal`: a union to `switch` on by `code`. */
export type FoyerError = TRPCClientError<AppRouter>;

/**
 * Tells whether something caught is an error of a Foyer client, and gives it its type. It goes by what the error looks
 * like: an app may have two copies of `@trpc/client`, each with a class of its own.
 */
export function isFoyerError(error: unknown): error is FoyerError {
  return (
    typeof error === "object" &&
    error !== null &&
    "name" in error &&
    error.name === "TRPCClientError" &&
    "message" in error &&
    "shape" in error &&
    "data" in error
  );
}
