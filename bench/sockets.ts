import { connect, type Socket } from "node:net";
import type { Answer } from "./load.ts";

const HEAD_END = "\r\n\r\n";

/** @returns the status of an answer, or undefined while some of it is missing. */
function statusOf(text: string): number | undefined {
  const bodyAt = text.indexOf(HEAD_END) + HEAD_END.length;
  if (bodyAt < HEAD_END.length) return undefined;
  const [, length = "0"] = /\r\ncontent-length: (\d+)/i.exec(text) ?? [];
  return text.length < bodyAt + Number(length) ? undefined : Number(text.slice(9, 12));
}

function ask(socket: Socket, request: string): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve) => {
    let received = "";
    const done = (status: number) => {
      socket.off("data", hear).off("close", lose);
      resolve({ status, milliseconds: performance.now() - started, retryAfter: 0 });
    };
    const hear = (chunk: Buffer) => {
      received += chunk.toString("latin1");
      const status = statusOf(received);
      if (status !== undefined) done(status);
    };
    const lose = () => done(0);
    socket.on("data", hear).on("close", lose);
    socket.write(request);
  });
}

export type Connections = {
  /** A GET on a connection that is free, or on one more. */
  get(path: string, cookie?: string): Promise<Answer>;
  close(): void;
};

/**
 * Connections that stay open. They share the machine with what is measured, and take a quarter of the processor
 * time that `node:http` would.
 */
export function createConnections(url: string): Connections {
  const { hostname, port } = new URL(url);
  const all = new Set<Socket>();
  const free = new Set<Socket>();
  function open() {
    const socket = connect(Number(port), hostname).setNoDelay();
    // What is idle for long is closed by the service. `ask` hears of what is not.
    socket
      .on("error", () => {})
      .on("close", () => {
        all.delete(socket);
        free.delete(socket);
      });
    all.add(socket);
    return socket;
  }
  return {
    async get(path, cookie) {
      const [socket = open()] = free;
      free.delete(socket);
      const headers = cookie === undefined ? "" : `Cookie: ${cookie}\r\n`;
      const answer = await ask(socket, `GET ${path} HTTP/1.1\r\nHost: ${hostname}:${port}\r\n${headers}\r\n`);
      if (all.has(socket)) free.add(socket);
      return answer;
    },
    close() {
      for (const socket of all) socket.destroy();
    },
  };
}
