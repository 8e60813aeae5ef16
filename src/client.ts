import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import { MAX_BATCH } from "./trpc/batch.ts";
import type { AppRouter } from "./trpc/router.ts";

export type { AppRouter };

/** What a call that did not succeed throws; its `data` has `code` and, by code, `fields` or `retryAfterSeconds`. */
export type FoyerError = TRPCClientError<AppRouter>;

/**
 * Makes a typed client for a Foyer.
 * @param url where it runs, such as `https://accounts.example.com`; in a browser, "" for the page's own origin.
 */
export function createFoyerClient(url: string | URL) {
  const base = String(url).replace(/\/+$/, "");
  return createTRPCClient<AppRouter>({ links: [httpBatchLink({ url: `${base}/trpc`, maxItems: MAX_BATCH })] });
}

/** Tells whether something caught is an error of a Foyer client, and gives it its type. */
export function isFoyerError(error: unknown): error is FoyerError {
  return error instanceof TRPCClientError;
}
