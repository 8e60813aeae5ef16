import type { Server } from "node:http";

/** In bytes. The shortest request has about twenty. */
const PIECE = 512;

/**
 * Gives Node's parser what arrives in small pieces, so that it stops where a connection was ended or paused. By itself it
 * would read on to the end of what came at once, and make objects of the thousands of requests that 64 KiB may hold.
 */
export function parseInPieces(server: Server): void {
  server.on("connection", (socket) => {
    const parsers = socket.listeners("data");
    socket.removeAllListeners("data");
    socket.on("data", (arrived: Buffer) => {
      let at = 0;
      for (; at < arrived.length && !socket.destroyed && !socket.isPaused(); at += PIECE)
        for (const parse of parsers) parse.call(socket, arrived.subarray(at, at + PIECE));
      if (at < arrived.length && !socket.destroyed) socket.unshift(arrived.subarray(at));
    });
  });
}
