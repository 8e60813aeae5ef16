import type { IncomingMessage, ServerResponse } from "node:http";

/**
 * Calls back once, when a request was answered or its client went away. Of the latter Node tells a response only while it is
 * its turn on the connection: one that waits behind others there (HTTP pipelining) learns it from the socket alone.
 */
export function whenEnded({ socket }: IncomingMessage, res: ServerResponse, tell: (answered: boolean) => void): void {
  let ended = false;
  const end = () => {
    // Both may tell within one emission, which `off` does not cut short.
    if (ended) return;
    ended = true;
    socket.off("close", end);
    res.off("close", end);
    tell(res.writableFinished);
  };
  // As many listeners as requests wait on the connection.
  socket.setMaxListeners(0).on("close", end);
  res.on("close", end);
}
