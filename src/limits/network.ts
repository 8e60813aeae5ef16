import ipaddr from "ipaddr.js";

const IPV6_PREFIX_BYTES = 8;

/**
 * The network that an address stands for: an IPv4 address itself, but of IPv6 the /64, the least that one household or
 * machine is given (RFC 6177): whoever has one address there has them all.
 */
export function networkOf(ip: string): string {
  if (!ipaddr.isValid(ip)) return "unknown";
  const address = ipaddr.process(ip);
  if (address.kind() === "ipv4") return address.toString();
  const prefix = address.toByteArray().map((byte, n) => (n < IPV6_PREFIX_BYTES ? byte : 0));
  return `${ipaddr.fromByteArray(prefix)}/64`;
}
