import { once } from "node:events";
import { type AddressInfo, connect, createServer, type Socket } from "node:net";

/** One address before servers: new connections go to the one that it points to, and those that are open stay where they are. */
export async function startRelay(to: number) {
  let target = to;
  const sockets = new Set<Socket>();
  const watch = (socket: Socket) => {
    sockets.add(socket);
    return socket.on("error", () => socket.destroy()).on("close", () => sockets.delete(socket));
  };
  const server = createServer((inward) => {
    const outward = watch(connect(target, "127.0.0.1"));
    watch(inward).pipe(outward).pipe(inward);
    inward.on("close", () => outward.destroy());
    outward.on("close", () => inward.destroy());
  }).listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: (server.address() as AddressInfo).port,
    pointTo(port: number) {
      target = port;
    },
    close() {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  };
}
