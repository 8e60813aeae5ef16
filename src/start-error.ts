/** A reason not to start that the operator can mend: shown as it is, without a stack. */
export class StartError extends Error {
  override name = "StartError";
}

/** Tells the operator, on standard error, why something did not start; throws on what is no StartError. */
export function reportStartError(error: unknown): void {
  if (!(error instanceof StartError)) throw error;
  for (const line of error.message.split("\n")) process.stderr.write(`foyer: ${line}\n`);
}
