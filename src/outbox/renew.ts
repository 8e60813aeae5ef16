import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import type { Job } from "./job.ts";
import type { Renewable } from "./leases.ts";

const RENEW = `
  update :table: one set available_at = now() + make_interval(secs => :seconds)
  from unnest(cast(:ids as bigint[]), cast(:versions as int[])) lease (id, version)
  where one.id = lease.id and lease_version = lease.version and finished_at is null
  returning one.id`;

/** Creates what renews the leases of a table. Those that another worker took, or that ended, are held no more. */
export function createRenew(db: Knex, table: string, leaseSeconds: number): Renewable["renew"] {
  return async (jobs: readonly Job[]) => {
    const { rows }: { rows: { id: number }[] } = await db.raw(RENEW, {
      table: `${getSchema(db)}.${table}`,
      seconds: leaseSeconds,
      ids: jobs.map(({ id }) => id),
      versions: jobs.map(({ lease_version }) => lease_version),
    });
    return new Set(rows.map(({ id }) => id));
  };
}
