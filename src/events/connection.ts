import { type LookupOptions, lookup } from "node:dns";
import { Agent as HttpAgent } from "node:http";
import { Agent as HttpsAgent } from "node:https";
import { isIP, type LookupFunction } from "node:net";
import { NotSent } from "../outbox/not-sent.ts";
import { isPublicAddress } from "./public-address.ts";

/** An address that may not be connected to. The operator's own settings lead there, so it waits as for a receiver that is down. */
function refusal(): NotSent {
  return new NotSent("server_down", "The receiver has a private address, and WEBHOOK_PRIVATE is off.");
}

/** The addresses that a name has at this moment, which the socket connects to: none, if one of them is private. */
const lookupPublic: LookupFunction = (name, options, done) => {
  const all: LookupOptions & { all: true } = { ...options, all: true };
  lookup(name, all, (error, addresses) => {
    if (error) return done(error, "");
    const [first] = addresses;
    if (!first || !addresses.every(({ address }) => isPublicAddress(address))) return done(refusal(), "");
    return options.all ? done(null, addresses) : done(null, first.address, first.family);
  });
};

/** What opens connections, into the internet alone unless private addresses are allowed. */
export function createAgent({ protocol }: URL, allowsPrivate: boolean): HttpAgent {
  // Not kept open: a receiver that closes an idle one just as it is used again would seem to be down.
  const options = { keepAlive: false, ...(!allowsPrivate && { lookup: lookupPublic }) };
  return protocol === "https:" ? new HttpsAgent(options) : new HttpAgent(options);
}

/** Refuses a private address in the URL itself, which is not looked up. @throws NotSent */
export function refusePrivateHost({ hostname }: URL): void {
  const address = hostname.replace(/^\[(.*)\]$/, "$1");
  if (isIP(address) !== 0 && !isPublicAddress(address)) throw refusal();
}
