/** Whom sending an email holds up: one server takes what goes to a domain, and one client may be behind a network. */
export type Parties = { network: string; domain: string };

/** An email that is being sent. It is quick until it has taken a while. */
export type Sending = Parties & { isQuick: boolean };

/** How many emails are sent at a time: the quick ones, and all. */
export type Slots = { quick: number; all: number };

/** Of all slots, what one network or one domain may have: the rest is for others. */
const SHARES: Readonly<Record<keyof Parties, number>> = { network: 1 / 2, domain: 3 / 4 };

function of(sending: readonly Sending[], by: keyof Parties, value: string) {
  return sending.filter((one) => one[by] === value);
}

function countQuick(sending: readonly Sending[]) {
  return sending.filter(({ isQuick }) => isQuick).length;
}

function hasShare(slots: Slots, sending: readonly Sending[], by: keyof Parties, value: string) {
  const share = (all: number) => Math.max(1, Math.floor(all * SHARES[by]));
  const same = of(sending, by, value);
  return countQuick(same) >= share(slots.quick) || same.length >= share(slots.all);
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

/** The networks or domains that have their share. */
export function listFull(slots: Slots, sending: readonly Sending[], by: keyof Parties): string[] {
  const values = new Set(sending.map((one) => one[by]));
  return [...values].filter((value) => hasShare(slots, sending, by, value));
}
