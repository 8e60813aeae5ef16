import type { OutboxEmail } from "../models/outbox-email.ts";
import type { Outbox } from "./outbox.ts";

/** A lease is renewed several times, so that it outlasts a database that is down for most of it. */
const RENEWALS_PER_LEASE = 4;

type Lease = { email: OutboxEmail; since: number; lost: AbortController };

/** Keeps the leases of what is being sent, all in one statement. */
export function holdLeases({ renew, leaseSeconds }: Pick<Outbox, "renew" | "leaseSeconds">) {
  const leases = new Set<Lease>();
  const periodMs = (leaseSeconds * 1000) / RENEWALS_PER_LEASE;

  async function renewAll() {
    // Most emails are sent long before.
    const old = [...leases].filter(({ since }) => performance.now() - since >= periodMs / 2);
    if (old.length === 0) return;
    // While the database is down nobody else can take them.
    const held = await renew(old.map(({ email }) => email)).catch(() => undefined);
    for (const { email, lost } of held ? old : []) if (!held?.has(email.id)) lost.abort();
  }

  const timer = setInterval(renewAll, periodMs).unref();
  return {
    /** @returns a signal that says that it was lost, and what to call when it is no more needed. */
    hold(email: OutboxEmail): { lost: AbortSignal; release(): void } {
      const lease = { email, since: performance.now(), lost: new AbortController() };
      leases.add(lease);
      return { lost: lease.lost.signal, release: () => leases.delete(lease) };
    },
    stop: () => clearInterval(timer),
  };
}

export type Leases = ReturnType<typeof holdLeases>;
