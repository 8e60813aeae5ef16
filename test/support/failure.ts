import { type FoyerError, isFoyerError } from "../../src/client.ts";

/** The error with which a call of the client fails. */
export async function failure(call: Promise<unknown>): Promise<FoyerError> {
  const error = await call.then(
    () => undefined,
    (error: unknown) => error,
  );
  if (!isFoyerError(error)) throw new Error("expected the call to fail with an error of the client", { cause: error });
  return error;
}
