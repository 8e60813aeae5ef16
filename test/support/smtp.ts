import { once } from "node:events";
import type { AddressInfo, Socket } from "node:net";
import { type ParsedMail, simpleParser } from "mailparser";
import { SMTPServer, type SMTPServerOptions } from "smtp-server";

/** What a mail server answers, and to whom it does. */
export type SmtpBehaviour = {
  /** A reply other than 250 to a recipient or to a text: `451 later`. */
  recipient?: (address: string, tries: number) => string | undefined;
  data?: (mail: ParsedMail, tries: number) => string | "drop" | "hang" | undefined;
  /** Asked when a text begins: `cut` ends its connection in the middle of it, and that one alone. */
  text?: (address: string, tries: number) => "cut" | undefined;
  options?: SMTPServerOptions;
};

function refusal(reply: string) {
  const [code = "", ...words] = reply.split(" ");
  return Object.assign(new Error(words.join(" ")), { responseCode: Number(code) });
}

/** A real mail server within the test, which keeps what it took. */
export async function startSmtp(behaviour: SmtpBehaviour = {}) {
  const taken: ParsedMail[] = [];
  const recipients: string[] = [];
  const senders: string[] = [];
  const tries = new Map<string, number>();
  const sockets = new Set<Socket>();
  let server: SMTPServer | undefined;
  let port = 0;

  const count = (what: string) => {
    tries.set(what, (tries.get(what) ?? 0) + 1);
    return tries.get(what) ?? 0;
  };

  async function open() {
    server = new SMTPServer({
      authOptional: true,
      disabledCommands: ["STARTTLS"],
      logger: false,
      closeTimeout: 100,
      ...behaviour.options,
      onRcptTo({ address }, _session, done) {
        const reply = behaviour.recipient?.(address, count(`to ${address}`));
        done(reply ? refusal(reply) : null);
      },
      async onData(stream, session, done) {
        const [{ address } = { address: "" }] = session.envelope.rcptTo;
        if (behaviour.text?.(address, count(`text ${address}`)) === "cut") {
          for (const socket of sockets) if (socket.remotePort === session.remotePort) socket.destroy();
          return;
        }
        const mail = await simpleParser(stream);
        const reply = behaviour.data?.(mail, count(`data ${address}`));
        if (reply === "hang") return;
        if (reply === "drop") {
          taken.push(mail);
          for (const socket of sockets) socket.destroy();
          return;
        }
        if (reply) return done(refusal(reply));
        taken.push(mail);
        recipients.push(address);
        if (session.envelope.mailFrom) senders.push(session.envelope.mailFrom.address);
        done();
      },
    });
    server.on("error", () => {});
    server.server.on("connection", (socket: Socket) => {
      sockets.add(socket);
      socket.on("close", () => sockets.delete(socket));
    });
    server.listen(port, "127.0.0.1");
    await once(server.server, "listening");
    port = (server.server.address() as AddressInfo).port;
  }

  await open();
  return {
    get port() {
      return port;
    },
    url: (options = "") => `smtp://127.0.0.1:${port}${options}`,
    taken,
    recipients,
    /** Whom the envelope of each named as its sender. */
    senders,
    open,
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise<void>((resolve) => server?.close(resolve));
    },
  };
}

export type Smtp = Awaited<ReturnType<typeof startSmtp>>;
