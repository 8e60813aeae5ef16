import { createTRPCClient, httpBatchLink, type TRPCClient, type TRPCLink } from "@trpc/client";
import { MAX_BATCH } from "../trpc/batch.ts";
import type { AppRouter } from "./router.ts";

/** A client of one Foyer. An interface, so that declarations of what keeps one can name it. */
export interface FoyerClient extends TRPCClient<AppRouter> {}

type Fields = Record<string, string>;

export type FoyerClientOptions = {
  /** Where Foyer is, as `https://accounts.example.com` or `https://example.com/account`; "" is the page's origin. */
  url: string | URL;
  /** A bearer token, from a sign-in with `as: "bearer"`; or what gives the one of the moment, for each request. */
  token?: string | (() => string | undefined) | undefined;
  /** Sent with each request, such as the cookie of the browser for which a server asks (`sessionCookieOf`). */
  headers?: Fields | (() => Fields | Promise<Fields>) | undefined;
  /** What sends the requests; the global `fetch` if not given. */
  fetch?: typeof fetch | undefined;
  /** Links before the one that sends. One that sends by itself, such as `httpLink`, takes its place. */
  links?: TRPCLink<AppRouter>[] | undefined;
};

async function headersOf({ token, headers }: FoyerClientOptions): Promise<Fields> {
  const current = typeof token === "function" ? token() : token;
  return {
    ...(typeof headers === "function" ? await headers() : headers),
    ...(current !== undefined && { authorization: `Bearer ${current}` }),
  };
}

/** Makes a typed client of the Foyer at a URL, given alone, before the other options or as one of them. */
export function createFoyerClient(options: FoyerClientOptions): FoyerClient;
export function createFoyerClient(url: string | URL, options?: Omit<FoyerClientOptions, "url">): FoyerClient;
export function createFoyerClient(
  given: FoyerClientOptions | string | URL,
  others: Omit<FoyerClientOptions, "url"> = {},
): FoyerClient {
  // Not by `instanceof URL`: a test's environment may have a class of its own.
  const options = typeof given === "object" && "url" in given ? given : { ...others, url: given };
  const { url, links = [], fetch } = options;
  return createTRPCClient<AppRouter>({
    links: [
      ...links,
      httpBatchLink({
        url: `${String(url).replace(/\/+$/, "")}/trpc`,
        maxItems: MAX_BATCH,
        headers: () => headersOf(options),
        ...(fetch && { fetch: (input, { signal = null, ...init } = {}) => fetch(input, { ...init, signal }) }),
      }),
    ],
  });
}
