import type { EmailMessage } from "./message.ts";

/** An email was not taken: never, not now, because the connection broke over it, or because the server takes none. */
export class NotSent extends Error {
  override name = "NotSent";
  readonly reason: "permanent" | "transient" | "connection_lost" | "server_down";

  constructor(reason: NotSent["reason"], response: string, options?: ErrorOptions) {
    super(response, options);
    this.reason = reason;
  }
}

export type Transport = {
  /** How many emails it can send at a time. */
  connections: number;
  /** Resolves when email can be sent. @throws NotSent */
  check(): Promise<void>;
  /** Resolves when the email was taken. @param givenUp cuts it short. @throws NotSent */
  send(message: EmailMessage, givenUp: AbortSignal): Promise<void>;
  close(): void;
};
