/** A reason not to start that the operator can fix. */
export class StartError extends Error {
  override name = "StartError";
}

/** Prints a StartError without its stack, and rethrows any other error. */
export function reportStartError(error: unknown): void {
  if (!(error instanceof StartError)) throw error;
  for (const line of error.message.split("\n")) process.stderr.write(`foyer: ${line}\n`);
}
