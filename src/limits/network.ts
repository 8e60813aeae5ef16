import ipaddr from "ipaddr.js";

const IPV6_PREFIX_BYTES = 8;

/** Some proxies write the port as well: `192.0.2.7:5001`, `[2001:db8::7]:5001`. */
const WITH_PORT = /^(?:\[(?<v6>[^\]]+)\](?::\d+)?|(?<v4>[\d.]+):\d+)$/;

/**
 * The network that an address stands for: an IPv4 address itself, but of IPv6 the /64, since whoever has one address there
 * has them all (RFC 4291: interface identifiers are 64 bits long).
 */
export function networkOf(ip: string): string {
  const { v6, v4 } = WITH_PORT.exec(ip)?.groups ?? {};
  const bare = v6 ?? v4 ?? ip;
  if (!ipaddr.isValid(bare)) return "unknown";
  const address = ipaddr.process(bare);
  if (address.kind() === "ipv4") return address.toString();
  const bytes = address.toByteArray();
  // RFC 6052: an IPv4 client as a translator writes it.
  if (address.range() === "rfc6052") return ipaddr.fromByteArray(bytes.slice(12)).toString();
  return `${ipaddr.fromByteArray(bytes.map((byte, n) => (n < IPV6_PREFIX_BYTES ? byte : 0)))}/64`;
}
