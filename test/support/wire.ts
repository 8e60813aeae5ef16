import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Server, type Socket } from "node:net";
import { Transform } from "node:stream";
import { TLSSocket } from "node:tls";

/** What a PostgreSQL client sends first when it wants TLS (the protocol's SSLRequest). */
const SSL_REQUEST = Buffer.from("0000000804d2162f", "hex");

export type WireSettings = {
  /** Key and certificate with which it offers TLS, as a server would; without them it says that it has none. */
  tls?: { key: string; cert: string };
  /** What the server says and what the client hears instead: texts of one length. */
  replace?: [said: string, heard: string];
};

/** Stands between Foyer and PostgreSQL, and can be cut, fall silent, speak TLS or bend the truth. */
export class Wire {
  #server: Server | undefined;
  #sockets = new Set<Socket>();
  #settings: WireSettings;
  port = 0;
  /** Of each connection since the last `open`, whether it was under TLS. */
  secured: boolean[] = [];

  constructor(settings: WireSettings = {}) {
    this.#settings = settings;
  }

  async open(target: URL) {
    this.secured = [];
    this.#server = createServer((inward) => this.#greet(this.#watch(inward), target)).listen(this.port, "127.0.0.1");
    await once(this.#server, "listening");
    this.port = (this.#server.address() as AddressInfo).port;
  }

  /** Watches a socket, so that it can be cut, and that its errors are its own affair. */
  #watch(socket: Socket) {
    this.#sockets.add(socket);
    socket.on("error", () => socket.destroy()).on("close", () => this.#sockets.delete(socket));
    return socket;
  }

  #greet(inward: Socket, target: URL) {
    inward.once("data", (first) => {
      inward.pause();
      const wantsTls = SSL_REQUEST.equals(Buffer.from(first));
      const { tls } = this.#settings;
      if (wantsTls && tls) {
        inward.write("S");
        return this.#join(this.#watch(new TLSSocket(inward, { isServer: true, ...tls })), target, true);
      }
      if (wantsTls) inward.write("N");
      else inward.unshift(first);
      this.#join(inward, target, false);
    });
  }

  #join(inward: Socket, target: URL, secured: boolean) {
    this.secured.push(secured);
    const outward = this.#watch(connect(Number(target.port || 5432), target.hostname));
    const { replace } = this.#settings;
    const heard = new Transform({
      transform: (chunk: Buffer, _encoding, done) =>
        done(null, replace ? Buffer.from(chunk.toString("latin1").replaceAll(...replace), "latin1") : chunk),
    });
    inward.pipe(outward).pipe(heard).pipe(inward);
    inward.on("close", () => outward.destroy());
    outward.on("close", () => inward.destroy());
  }

  cut() {
    this.#server?.close();
    for (const socket of this.#sockets) socket.destroy();
  }

  silence() {
    for (const socket of this.#sockets) socket.unpipe().pause();
    this.#server?.removeAllListeners("connection").on("connection", (socket) => this.#watch(socket));
  }
}
