import { countQuick, type Slots, type Slotted } from "../outbox/slots.ts";

/** Whom sending an email holds up: one server takes what goes to a domain, and one client may be behind a network. */
export type Parties = { network: string; domain: string };

/** An email that is being sent. */
export type Sending = Parties & Slotted;

/**
 * A network gets another slot while it has fewer than are free, a domain while it has fewer than three times as many. So
 * one alone leaves a half or a quarter to others, several leave some too, and whoever has none gets one that is free.
 */
const SHARES: Readonly<Record<keyof Parties, number>> = { network: 1, domain: 3 };

function of(sending: readonly Sending[], by: keyof Parties, value: string) {
  return sending.filter((one) => one[by] === value);
}

function hasShare({ quick, all }: Slots, sending: readonly Sending[], by: keyof Parties, value: string) {
  const same = of(sending, by, value);
  const isEnough = (had: number, free: number) => had >= SHARES[by] * free;
  return isEnough(countQuick(same), quick - countQuick(sending)) || isEnough(same.length, all - sending.length);
}

/** Whether an email leaves slots to other networks and domains. */
export function mayBegin(slots: Slots, sending: readonly Sending[], { network, domain }: Parties): boolean {
  return !hasShare(slots, sending, "network", network) && !hasShare(slots, sending, "domain", domain);
}

/** How many emails of its network and to its domain are being sent. */
export function countAlike(sending: readonly Sending[], { network, domain }: Parties): number {
  return of(sending, "network", network).length + of(sending, "domain", domain).length;
}

/** The networks and domains that have their share. */
export function listFull(slots: Slots, sending: readonly Sending[]): { networks: string[]; domains: string[] } {
  const full = (by: keyof Parties) =>
    [...new Set(sending.map((one) => one[by]))].filter((value) => hasShare(slots, sending, by, value));
  return { networks: full("network"), domains: full("domain") };
}
