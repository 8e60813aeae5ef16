import { createTRPCClient, httpBatchLink, TRPCClientError } from "@trpc/client";
import { MAX_BATCH } from "./trpc/batch.ts";
import type { AppRouter } from "./trpc/router.ts";

export type { AppRouter };

/** What a failed call throws. Its `data`, if an answer came, may have a `refusal`: a union to `switch` on by `code`. */
export type FoyerError = TRPCClientError<AppRouter>;

export type FoyerClientOptions = {
  /** A bearer token, from a sign-in with `as: "bearer"`. */
  token?: string | undefined;
  /** Sent with each call, such as the cookie of the browser for which a server asks (`sessionCookieOf`). */
  headers?: Record<string, string>;
};

/** Makes a typed client of the Foyer at `url`, as `https://accounts.example.com`; "" is the origin of the page. */
export function createFoyerClient(url: string | URL, { token, headers }: FoyerClientOptions = {}) {
  const base = String(url).replace(/\/+$/, "");
  return createTRPCClient<AppRouter>({
    links: [
      httpBatchLink({
        url: `${base}/trpc`,
        maxItems: MAX_BATCH,
        headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      }),
    ],
  });
}

/** For what keeps a client, or functions of one: TypeScript cannot name its type by itself where it emits declarations. */
export type FoyerClient = ReturnType<typeof createFoyerClient>;

/**
 * Finds Foyer's session in a browser's `Cookie` header, to send it on alone: its other cookies are not Foyer's business.
 * Under either name, and Foyer reads its own: another host of the same site may have set the one without the prefix.
 */
export function sessionCookieOf(cookieHeader: string | undefined): string {
  const cookies = (cookieHeader ?? "").split(";").map((cookie) => cookie.trim());
  return cookies.filter((cookie) => /^(?:__Host-)?foyer-session=/.test(cookie)).join("; ");
}

/** Tells whether something caught is an error of a Foyer client, and gives it its type. */
export function isFoyerError(error: unknown): error is FoyerError {
  return error instanceof TRPCClientError;
}
