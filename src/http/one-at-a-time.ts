import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { onFinished } from "./on-finished.ts";

/** Requests that may wait on a connection behind the one that is worked on. No browser and no proxy sends any ahead. */
const MOST_WAITING = 15;
/** On all connections: each keeps up to 16 KiB of headers. */
const MOST_WAITING_IN_ALL = 1000;

/**
 * Works on one request of a connection at a time: Node would start all that a client sends ahead (HTTP pipelining), and
 * keep their answers until the client reads. A connection with more than a few waiting is closed, and so is one that has
 * any where very many wait on all.
 */
export function oneAtATime(work: RequestListener): RequestListener {
  const waiting = new WeakMap<Socket, [IncomingMessage, ServerResponse][]>();
  let waitingInAll = 0;

  function start(req: IncomingMessage, res: ServerResponse) {
    // In a turn of its own, or the connections that send ahead would pass by all others.
    onFinished(req, res, () => setImmediate(startNext, req.socket));
    work(req, res);
  }

  function startNext(socket: Socket) {
    const line = waiting.get(socket) ?? [];
    const next = line.shift();
    if (next) waitingInAll -= 1;
    // After an answer with `Connection: close` a client sends again what came behind.
    if (next && socket.writable) return start(...next);
    waitingInAll -= line.length;
    waiting.delete(socket);
  }

  return (req, res) => {
    const { socket } = req;
    const line = waiting.get(socket);
    if (!line) {
      waiting.set(socket, []);
      start(req, res);
    } else if (line.length < MOST_WAITING && waitingInAll < MOST_WAITING_IN_ALL) {
      line.push([req, res]);
      waitingInAll += 1;
    } else socket.destroy();
  };
}
