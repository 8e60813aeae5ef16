import type { Request } from "express";
import ipaddr from "ipaddr.js";

/** Some proxies add the port: `192.0.2.7:5001`, `[2001:db8::7]:5001`. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\](?::\d+)?|(?<v4>[\d.]+):\d+)$/;

/**
 * The IP address of the socket, or the one that a trusted proxy names, without a port and a zone. It is `unknown` for
 * any other text: a proxy may pass on what the client wrote, of any length.
 */
export function clientAddress({ ip = "" }: Request): string {
  const { v6, v4 } = WITH_PORT.exec(ip)?.groups ?? {};
  const bare = v6 ?? v4 ?? ip;
  if (!ipaddr.isValid(bare)) return "unknown";
  return ipaddr.fromByteArray(ipaddr.process(bare).toByteArray()).toString();
}
