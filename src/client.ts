// tRPC's types name `Disposable`, which a project whose `lib` is that of es2022 does not have.
/// <reference lib="esnext.disposable" preserve="true" />

/** The typed client, which `npm run build:client` makes a package of its own: `foyer-client`. */
export { sessionCookieOf } from "./client/cookie.ts";
export { createFoyerClient, type FoyerClient, type FoyerClientOptions } from "./client/create.ts";
export { type FoyerError, isFoyerError } from "./client/error.ts";
export type { AppRouter, FoyerErrorShape, RouterInputs, RouterOutputs } from "./client/router.ts";
