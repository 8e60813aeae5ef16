/** Whom sending an email holds up: one server takes what goes to a domain, and one client may be behind a network. */
export type Parties = { network: string; domain: string };

/** An email that is being sent. It is quick until it has taken a while. */
export type Sending = Parties & { isQuick: boolean };

/** How many emails are sent at a time: the quick ones, and all. */
export type Slots = { quick: number; all: number };

/**
 * A network gets another slot while it has fewer than are free, a domain while it has fewer than three times as many. So
 * one alone leaves a half or a quarter to others, several leave some too, and whoever has none gets one that is free.
 */
const SHARES: Readonly<Record<keyof Parties, number>> = { network: 1, domain: 3 };

function of(sending: readonly Sending[], by: keyof Parties, value: string) {
  return sending.filter((one) => one[by] === value);
}

function countQuick(sending: readonly Sending[]) {
  return sending.filter(({ isQuick }) => isQuick).length;
}

function hasShare({ quick, all }: Slots, sending: readonly Sending[], by: keyof Parties, value: string) {
  const same = of(sending, by, value);
  const isEnough = (had: number, free: number) => had >= SHARES[by] * free;
  return isEnough(countQuick(same), quick - countQuick(sending)) || isEnough(same.length, all - sending.length);
}

/** How many emails may begin. */
export function countRoom({ quick, all }: Slots, sending: readonly Sending[]): number {
  return Math.max(0, Math.min(quick - countQuick(sending), all - sending.length));
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
