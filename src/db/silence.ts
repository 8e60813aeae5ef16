import type { Socket } from "node:net";
import type { Client } from "pg";

export type Connected = Client & { connection: { stream: Socket; emit(event: "error", error: Error): boolean } };

/** So that a server that is gone is noticed, though nothing more is said to it. */
const KEEP_ALIVE_MS = 10_000;

/**
 * Gives up connections on which the server was silent for longer than it is allowed to work: it has vanished, and no
 * setting of a server bounds that. Only a commit may take as long at a server that is there, as when a synchronous
 * standby is missing. It cannot be cancelled without being seen by others though nobody may be told of it. So such a
 * connection stays open, and counts as the server's until that is done.
 */
export function createSilenceWatch(silenceMs: number) {
  const committing = new WeakSet<Client>();
  const left = new Set<Client>();
  const giveUps = new WeakMap<Client, () => void>();

  function leave(client: Connected) {
    const { connection } = client;
    const { stream } = connection;
    left.add(client);
    stream.once("close", () => left.delete(client));
    stream.setTimeout(0);
    stream.setKeepAlive(true, KEEP_ALIVE_MS);
    // Whatever it says now comes too late to be believed.
    stream.removeAllListeners("data").once("data", () => stream.destroy());
    connection.emit("error", new Error("Connection terminated: the server did not commit in time"));
  }

  return {
    /** How many connections were given up on whose server may still be at work. */
    left: () => left.size,
    isLeft: (client: Client) => left.has(client),
    watch(client: Connected) {
      const { stream } = client.connection;
      const giveUp = () => (committing.has(client) ? leave(client) : stream.destroy());
      giveUps.set(client, giveUp);
      stream.setTimeout(silenceMs, giveUp);
    },
    /** For a connection that is another's from now on. */
    unwatch(client: Connected) {
      const giveUp = giveUps.get(client);
      if (giveUp) client.connection.stream.setTimeout(0, giveUp);
    },
    /** Does what commits on a connection. */
    async committing<T>(client: Client, work: () => Promise<T>): Promise<T> {
      committing.add(client);
      try {
        return await work();
      } finally {
        committing.delete(client);
      }
    },
    close() {
      for (const client of left) (client as Connected).connection.stream.destroy();
    },
  };
}

export type SilenceWatch = ReturnType<typeof createSilenceWatch>;
