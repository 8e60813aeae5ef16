import type { Message } from "./message.ts";

/**
 * Why a mail was not taken: not ever (`refused`), not now (`later`), because the connection broke over it (`broken`), or because no
 * mail server takes any (`away`).
 */
export class NotSent extends Error {
  override name = "NotSent";
  readonly reason: "refused" | "later" | "broken" | "away";

  constructor(reason: NotSent["reason"], reply: string, options?: ErrorOptions) {
    super(reply, options);
    this.reason = reason;
  }
}

/** How mails leave. */
export type Transport = {
  /** How many mails it can send at a time. */
  connections: number;
  /** Resolves when mail can be sent. @throws NotSent */
  check(): Promise<void>;
  /** Resolves when the mail was taken. @param givenUp cuts it short. @throws NotSent */
  send(message: Message, givenUp: AbortSignal): Promise<void>;
  close(): void;
};
