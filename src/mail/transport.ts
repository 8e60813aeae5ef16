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
  /** Resolves when mail can be sent. @throws NotSent */
  check(): Promise<void>;
  /** Resolves when the mail was taken. @throws NotSent */
  send(message: Message): Promise<void>;
  close(): void;
};
