import { createTRPCClient, httpBatchLink, type TRPCClient, type TRPCLink } from "@trpc/client";
import { MAX_BATCH } from "../trpc/batch.ts";
import type { AppRouter } from "./router.ts";

/** A client of one Foyer. An interface, so that declarations of what keeps one can name it. */
export interface FoyerClient extends TRPCClient<AppRouter> {}

/** As `localStorage` and a request's headers have what may be missing. */
type Token = string | null | undefined;
type Fields = Record<string, string | undefined>;

export type FoyerClientOptions = {
  /** Where Foyer is, as `https://accounts.example.com` or `https://example.com/account`; "" is the page's origin. */
  url: string | URL;
  /** A bearer token, from a sign-in with `as: "bearer"`; or what gives the one of the moment, for each request. */
  token?: Token | (() => Token | Promise<Token>);
  /** Sent with each request, such as the cookie of the browser for which a server asks (`sessionCookieOf`), if there. */
  headers?: Fields | (() => Fields | Promise<Fields>) | undefined;
  /** What sends the requests; the global `fetch` if not given. */
  fetch?: typeof fetch | undefined;
  /** Links before the one that sends. One that sends by itself, such as `httpLink`, takes its place. */
  links?: TRPCLink<AppRouter>[] | undefined;
};

async function headersOf({ token, headers = {} }: FoyerClientOptions): Promise<Record<string, string>> {
  const current = typeof token === "function" ? await token() : token;
  const fields = Object.entries(typeof headers === "function" ? await headers() : headers);
  return {
    ...Object.fromEntries(fields.flatMap(([name, value]) => (value === undefined ? [] : [[name, value] as const]))),
    ...(typeof current === "string" && { authorization: `Bearer ${current}` }),
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
