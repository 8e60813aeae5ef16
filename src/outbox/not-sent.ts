/** Why nothing was taken: never, not now, because the connection broke over it, or because the other side takes nothing. */
export type Reason = "permanent" | "transient" | "connection_lost" | "server_down";

export class NotSent extends Error {
  override name = "NotSent";
  readonly reason: Reason;
  /** For how long the other side asked to be left alone. */
  readonly retryAfterSeconds: number;

  constructor(reason: Reason, response: string, options: ErrorOptions & { retryAfterSeconds?: number } = {}) {
    super(response, options);
    this.reason = reason;
    this.retryAfterSeconds = options.retryAfterSeconds ?? 0;
  }
}
