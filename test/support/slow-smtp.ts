import { once } from "node:events";
import { type AddressInfo, createServer, type Socket } from "node:net";
import { createInterface } from "node:readline";
import { setTimeout } from "node:timers/promises";

/** What a mail server answers, by the first word of the command; `text` is the dot that ends an email. */
export type Step = "greeting" | "EHLO" | "MAIL" | "RCPT" | "DATA" | "text";

type Replies = Readonly<Record<string, string>>;

const REPLIES: Replies = {
  greeting: "220 slow.example.com",
  // Without PIPELINING, so that each step waits for the one before.
  EHLO: "250 slow.example.com",
  DATA: "354 go on",
  QUIT: "221 bye",
};

/**
 * A mail server that takes its time, written line by line: a real one cannot be late at every step.
 * @param wait the milliseconds before it answers a step; `to` is the recipient, where one was named.
 * @param others what it answers instead of what servers do.
 */
export async function startSlowSmtp(wait: (step: Step, to: string) => number, others: Replies = {}) {
  const replies: Replies = { ...REPLIES, ...others };
  const lines: string[] = [];
  /** The recipient of each email whose text came in whole, when it did. */
  const received: string[] = [];
  const sockets = new Set<Socket>();

  async function serve(socket: Socket) {
    let to = "";
    let isText = false;
    const answer = async (step: string) => {
      await setTimeout(wait(step as Step, to));
      socket.write(`${replies[step] ?? "250 ok"}\r\n`);
    };
    await answer("greeting");
    for await (const line of createInterface({ input: socket })) {
      if (isText && line !== ".") continue;
      const [step = ""] = line.split(/[ :]/);
      if (!isText) lines.push(line);
      else received.push(to);
      if (step === "RCPT") to = /<(.*)>/.exec(line)?.[1] ?? "";
      await answer(isText ? "text" : step);
      isText = step === "DATA" && !isText;
      if (step === "QUIT") socket.end();
    }
  }

  const server = createServer((socket) => {
    sockets.add(socket.on("error", () => {}).on("close", () => sockets.delete(socket)));
    // A client that has gone takes no answer.
    serve(socket).catch(() => {});
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: (options = "") => `smtp://127.0.0.1:${port}${options}`,
    lines,
    received,
    /** How many clients are connected. */
    connections: () => sockets.size,
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
    },
  };
}

export type SlowSmtp = Awaited<ReturnType<typeof startSlowSmtp>>;
