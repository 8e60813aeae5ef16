/** What takes messages to where they go. */
export type Transport<Message> = {
  /** How many it can send at a time. */
  connections: number;
  /** Resolves when something can be sent. @throws NotSent */
  check(): Promise<void>;
  /** Resolves when the message was taken. @param givenUp cuts it short. @throws NotSent */
  send(message: Message, givenUp: AbortSignal): Promise<void>;
  close(): void;
};
