import ipaddr from "ipaddr.js";

/** All that is routed over the internet, and what stands for IPv4 there (NAT64, RFC 6052). */
const [GLOBAL_IPV6, NAT64] = [ipaddr.parseCIDR("2000::/3"), ipaddr.parseCIDR("64:ff9b::/96")];

/**
 * Whether an IP address is one of the internet, rather than of this machine, a network of one's own or a cloud's metadata
 * (IANA's special-purpose registries). One that stands for an IPv4 address is what that is.
 */
export function isPublicAddress(text: string): boolean {
  if (!ipaddr.isValid(text)) return false;
  const address = ipaddr.process(text);
  if (!(address instanceof ipaddr.IPv6)) return address.range() === "unicast";
  if (address.match(NAT64)) return isPublicAddress(ipaddr.fromByteArray(address.toByteArray().slice(12)).toString());
  return address.match(GLOBAL_IPV6) && address.range() === "unicast";
}
