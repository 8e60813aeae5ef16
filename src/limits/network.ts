import ipaddr, { type IPv6 } from "ipaddr.js";

/** A client has all of a /64 (RFC 4291), a household often a /56, and a company, or whoever asks for one, a /48. */
export const PREFIXES = [64, 56, 48] as const;

/** The IPv4 address that an IPv6 one stands for: NAT64 (RFC 6052), 6to4 (RFC 3056), Teredo (RFC 4380). */
function embeddedIpv4(address: IPv6): string | undefined {
  const bytes = address.toByteArray();
  const join = (four: number[]) => ipaddr.fromByteArray(four).toString();
  switch (address.range()) {
    case "rfc6052":
      return join(bytes.slice(12));
    case "6to4":
      return join(bytes.slice(2, 6));
    case "teredo":
      return join(bytes.slice(12).map((byte) => byte ^ 0xff));
    default:
      return undefined;
  }
}

function prefix(address: IPv6, bits: number): string {
  const bytes = address.toByteArray().map((byte, n) => (n < bits / 8 ? byte : 0));
  return `${ipaddr.fromByteArray(bytes)}/${bits}`;
}

/** The networks that count for a client, the smallest first: an IPv4 address, or a /64, /56 and /48; or `unknown`. */
export function toNetworks(ip: string): string[] {
  if (!ipaddr.isValid(ip)) return ["unknown"];
  const address = ipaddr.process(ip);
  if (!(address instanceof ipaddr.IPv6)) return [address.toString()];
  const ipv4 = embeddedIpv4(address);
  return ipv4 === undefined ? PREFIXES.map((bits) => prefix(address, bits)) : [ipv4];
}

/** The largest network that may be one client's: what is shared fairly is shared among these. */
export function toSite(ip: string): string {
  return toNetworks(ip).at(-1) ?? "unknown";
}

/** The smallest network of a client. */
export function toNetwork(ip: string): string {
  return toNetworks(ip)[0] ?? "unknown";
}
