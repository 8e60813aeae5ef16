import type { Server } from "node:http";

/** Each has one request worked on, so this bounds those too. Many systems allow a process 1,024 descriptors in all. */
const MOST_CONNECTIONS = { PORT: 900, METRICS_PORT: 50 };

/** Refuses connections beyond a number. Idle ones then make room for the next. @param endUnused ends the unused. */
export function boundConnections(server: Server, setting: keyof typeof MOST_CONNECTIONS, endUnused: () => void): void {
  let isMakingRoom = false;
  const makeRoom = () => {
    isMakingRoom = false;
    server.closeIdleConnections();
    endUnused();
  };
  server.maxConnections = MOST_CONNECTIONS[setting];
  server.on("drop", () => {
    if (!isMakingRoom) setImmediate(makeRoom);
    isMakingRoom = true;
  });
}
