import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import { MAX_BATCH } from "./trpc/batch.ts";
import type { AppRouter } from "./trpc/router.ts";

export type { AppRouter };

/** What a failed call throws. Its `data`, if an answer came, may have a `refusal`: a union to `switch` on by `code`. */
export type FoyerError = TRPCClientError<AppRouter>;

/** Makes a typed client of the Foyer at `url`, as `https://accounts.example.com`; "" is the origin of the page. */
export function createFoyerClient(url: string | URL) {
  const base = String(url).replace(/\/+$/, "");
  return createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${base}/trpc`, maxItems: MAX_BATCH })] });
}

/** Tells whether something caught is an error of a Foyer client, and gives it its type. */
export function isFoyerError(error: unknown): error is FoyerError {
  return error instanceof TRPCClientError;
}
