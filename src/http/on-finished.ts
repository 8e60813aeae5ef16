import type { IncomingMessage, ServerResponse } from "node:http";

/** Calls back once, when a request was answered or its client went away. */
export function onFinished(
  { socket }: IncomingMessage,
  res: ServerResponse,
  listener: (answered: boolean) => void,
): void {
  let ended = false;
  const end = () => {
    // `off` does not keep a listener from a "close" that is already being emitted.
    if (ended) return;
    ended = true;
    socket.off("close", end);
    res.off("close", end);
    listener(res.writableFinished);
  };
  // Only the socket hears that the client went away while a response waits behind others (HTTP pipelining).
  // Each request that waits on the connection adds a listener.
  socket.setMaxListeners(0).on("close", end);
  res.on("close", end);
}
