/** A row of an outbox, as far as it matters for sending it. */
export type Job = {
  id: number;
  /** How often its sending failed for a reason of its own. */
  attempts: number;
  /** Counts the leases, so that a worker that lost one writes nothing. */
  lease_version: number;
};
