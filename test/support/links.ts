import { httpBatchLink, httpBatchStreamLink, httpLink, loggerLink, splitLink, type TRPCLink } from "@trpc/client";
import type { AppRouter } from "../../src/client.ts";

export type LinkOptions = Pick<Parameters<typeof httpBatchStreamLink<AppRouter>>[0], "url" | "maxItems" | "fetch"> & {
  headers?: Record<string, string>;
};

export type LinkName = "httpLink" | "httpBatchLink" | "httpBatchStreamLink" | "splitLink" | "loggerLink";

/** The links of tRPC that a frontend may use. */
export const LINKS: Record<LinkName, (options: LinkOptions) => TRPCLink<AppRouter>[]> = {
  httpLink: (options) => [httpLink(options)],
  httpBatchLink: (options) => [httpBatchLink(options)],
  httpBatchStreamLink: (options) => [httpBatchStreamLink(options)],
  splitLink: (options) => [
    splitLink({
      condition: ({ path }) => path === "auth.register",
      true: httpBatchStreamLink(options),
      false: httpLink(options),
    }),
  ],
  loggerLink: (options) => [loggerLink({ logger: () => {} }), httpBatchLink(options)],
};
