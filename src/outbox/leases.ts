import type { Job } from "./job.ts";

/** A lease ends by the database's clock. A worker renews its own while it sends; a process that dies loses it. */
export const LEASE_SECONDS = 60;
/** A lease is renewed several times, so that it outlasts a database that is down for most of it. */
const RENEWALS_PER_LEASE = 4;

/** @param renew gives the numbers of those that are still held. */
export type Renewable = { leaseSeconds: number; renew(jobs: readonly Job[]): Promise<ReadonlySet<number>> };

type Lease = { job: Job; since: number; lost: AbortController };

/** Keeps the leases of what is being sent, all in one statement. */
export function holdLeases({ renew, leaseSeconds }: Renewable) {
  const leases = new Set<Lease>();
  const periodMs = (leaseSeconds * 1000) / RENEWALS_PER_LEASE;

  async function renewAll() {
    // Most are sent long before.
    const old = [...leases].filter(({ since }) => performance.now() - since >= periodMs / 2);
    if (old.length === 0) return;
    // While the database is down nobody else can take them.
    const held = await renew(old.map(({ job }) => job)).catch(() => undefined);
    for (const { job, lost } of held ? old : []) if (!held?.has(job.id)) lost.abort();
  }

  const timer = setInterval(renewAll, periodMs).unref();
  return {
    /** @returns a signal that says that it was lost, and what to call when it is no more needed. */
    hold(job: Job): { lost: AbortSignal; release(): void } {
      const lease = { job, since: performance.now(), lost: new AbortController() };
      leases.add(lease);
      return { lost: lease.lost.signal, release: () => leases.delete(lease) };
    },
    stop: () => clearInterval(timer),
  };
}

export type Leases = ReturnType<typeof holdLeases>;
