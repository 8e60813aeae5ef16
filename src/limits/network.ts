import ipaddr from "ipaddr.js";

const IPV6_PREFIX_BYTES = 8;

/** Some proxies add the port: `192.0.2.7:5001`, `[2001:db8::7]:5001`. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\](?::\d+)?|(?<v4>[\d.]+):\d+)$/;

/** Returns an IPv4 address, an IPv6 one's /64, of which a client has all (RFC 4291), or `unknown` for other text. */
export function toNetwork(ip: string): string {
  const { v6, v4 } = WITH_PORT.exec(ip)?.groups ?? {};
  const bare = v6 ?? v4 ?? ip;
  if (!ipaddr.isValid(bare)) return "unknown";
  const address = ipaddr.process(bare);
  if (address.kind() === "ipv4") return address.toString();
  const bytes = address.toByteArray();
  if (address.range() === "rfc6052") return ipaddr.fromByteArray(bytes.slice(12)).toString();
  return `${ipaddr.fromByteArray(bytes.map((byte, n) => (n < IPV6_PREFIX_BYTES ? byte : 0)))}/64`;
}
