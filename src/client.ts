/** The typed client, which `npm run build:client` makes a package of its own: `foyer-client`. */
export { sessionCookieOf } from "./client/cookie.ts";
export { createFoyerClient, type FoyerClient, type FoyerClientOptions } from "./client/create.ts";
export { type FoyerError, isFoyerError } from "./client/error.ts";
export type { AppRouter, FoyerErrorShape, RouterInputs, RouterOutputs } from "./client/router.ts";
