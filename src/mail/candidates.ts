import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import { PURPOSES } from "../models/outbox-email.ts";
import { type Budgets, RESERVE_FACTOR } from "./budget.ts";
import type { Found } from "./choose.ts";
import type { Turns } from "./turns.ts";

/** Enough to fill all slots, and to hold back many at once where they have no room. */
const MOST = 64;
/** Networks and domains looked at, in all and of one network. It is more than any worker sends to at a time. */
const [MOST_PAIRS, MOST_DOMAINS] = [256, 32];
const MOST_OF_EACH = 8;

const READY = "finished_at is null and not is_held";
const HELD = "finished_at is null and is_held";

/** Each network and domain that has emails, found without reading those: 10,000 of one network hide no other's. */
const pairs = (name: string, which: string, from: string) => `
  ${name} (network, domain, nth, seen) as (
    (select network, domain, 1, 1 from :emails: where ${which} and (network, domain) >= (${from})
      order by network, domain limit 1)
    union all
    select next.network, next.domain, case when next.network = last.network then nth + 1 else 1 end, seen + 1
    from ${name} last cross join lateral (
      select network, domain from :emails: where ${which}
        and (network, domain) > (last.network, case when nth < ${MOST_DOMAINS} then last.domain else chr(1114111) end)
      order by network, domain limit 1) next
    where seen < ${MOST_PAIRS}
  )`;

/** Where there are more than are looked at, the next search goes on where this one broke off. */
const PAIRS = `${pairs("pairs", READY, ":fromNetwork, :fromDomain")}, ${pairs("held_pairs", HELD, "'', ''")}`;

// A search by several columns says where it ends outside of it, after its limit: before PostgreSQL 18, a scan that a row
// comparison bounds ends only where the first column changes, and would read all emails of a network or an address.
/** The longest waiting of each, the longest waiting of all, and those that a budget held back until now. */
const CANDIDATES = `
  due as (
    select each.id from pairs cross join lateral (
      select id, network, domain, available_at from :emails:
      where ${READY} and (network, domain) >= (pairs.network, pairs.domain)
      order by network, domain, available_at, id limit ${MOST_OF_EACH}) each
    where (each.network, each.domain) = (pairs.network, pairs.domain) and each.available_at <= now()
    union select each.id from held_pairs cross join lateral (
      select id, network, domain, available_at from :emails:
      where ${HELD} and (network, domain) >= (held_pairs.network, held_pairs.domain)
      order by network, domain, available_at limit ${MOST_OF_EACH}) each
    where (each.network, each.domain) = (held_pairs.network, held_pairs.domain) and each.available_at <= now()
    union (select id from :emails: where finished_at is null and available_at <= now()
           order by available_at, id limit ${MOST})
    union (select id from :emails: where ${HELD} and available_at <= now() order by available_at, id limit ${MOST})
  ),
  fair as (
    -- One by one, by the limit: or the planner, which expects more of them, reads the whole table.
    select id from due cross join lateral (
      select network, domain, purpose, available_at from :emails: where :emails:.id = due.id limit 1) one
    left join unnest(cast(:served as text[]), cast(:servedAt as timestamptz[])) as lately (network, at) using (network)
    where network <> all(cast(:networks as text[])) and domain <> all(cast(:domains as text[]))
      -- Others are of a newer version, whose instances know what they say.
      and purpose = any(cast(:purposes as text[]))
    order by row_number() over (partition by network, domain order by available_at, id),
      row_number() over (partition by network order by available_at, id), greatest(available_at, at), id
    limit ${MOST}
  ),
  candidates as (
    select id, email_key, purpose, mailbox, domain, network, is_held,
      cast(extract(epoch from greatest(due_at, at)) as float) as turn,
      cast(extract(epoch from now() - admitted_at) as float) as went_age
    from :emails: email
    left join unnest(cast(:served as text[]), cast(:servedAt as timestamptz[])) as lately (network, at) using (network)
    where id in (select id from fair) and finished_at is null and available_at <= now() for update of email skip locked
  )`;

/**
 * The latest rows of a key, by an index of it and a time. Compared whole, or the planner takes another index. The first
 * column alone ends the scan where the key has fewer rows.
 */
function latest(which: string, key: readonly string[], time: string, since: string, most: string) {
  const values = key.map((column) => `of.${column}`).join(", ");
  return `(
    select ${[...new Set([...key, "network", time])].join(", ")} from :emails:
    where ${which} and (${key.join(", ")}) <= (${values}) and ${key[0]} >= of.${key[0]}
    order by ${[...key, time].map((column) => `${column} desc`).join(", ")} limit ${most}) latest
    where (${key.map((column) => `latest.${column}`).join(", ")}) = (${values}) and latest.${time} > ${since}`;
}

/** What one budget has to count for the candidates, and what it held back before. */
function entries({
  columns,
  count,
  most,
  seconds,
}: Record<"count" | "most" | "seconds", string> & { columns: string[] }) {
  const key = columns.map((column) => `of.${column}`).join(" || ' ' || ");
  const ofPlan = [...new Set([...columns, "network"])];
  return `json_build_object(
    'spent', coalesce((
      select json_agg(json_build_object('key', ${key}, 'network', went.network, 'age', age) order by age)
      from (select distinct ${columns.join(", ")} from candidates) of cross join lateral (
        select latest.network, cast(extract(epoch from now() - admitted_at) as float) as age
        from ${latest("admitted_at is not null", columns, "admitted_at", `now() - make_interval(secs => ${seconds})`, most)}
      ) went), '[]'),
    'planned', coalesce((
      select json_agg(json_build_object('key', ${key}, 'network', of.network, 'seconds', seconds) order by seconds desc)
      from (select distinct ${ofPlan.join(", ")} from candidates) of cross join lateral (
        select cast(extract(epoch from available_at - now()) as float) as seconds
        from ${latest(HELD, ofPlan, "available_at", "cast('-infinity' as timestamptz)", count)}) planned), '[]'))`;
}

const MAILBOX = { columns: ["mailbox"], count: ":mailboxCount", most: ":mailboxMost", seconds: ":mailboxSeconds" };
const DOMAIN = {
  columns: ["network", "domain"],
  count: ":domainCount",
  most: ":domainCount",
  seconds: ":domainSeconds",
};

const FACTS = `
  (select json_build_object('network', network, 'domain', domain) from pairs where seen = ${MOST_PAIRS}) as last,
  (select json_agg(candidates order by id) from candidates) as emails,
  ${entries(MAILBOX)} as mailboxes,
  ${entries(DOMAIN)} as domains,
  coalesce((select json_agg(held) from (select distinct email_key, network from candidates) of cross join lateral (
    select * from (
      select id, email_key, purpose, network, cast(extract(epoch from available_at - now()) as float) as seconds
      from :emails: where ${HELD} and (email_key, network) >= (of.email_key, of.network)
      order by email_key, network limit ${PURPOSES.length}) first
    where (first.email_key, first.network) = (of.email_key, of.network)) held), '[]') as held`;

export type Search = {
  budgets: Budgets | undefined;
  /** The networks and domains that have their share of the slots. */
  full: { networks: readonly string[]; domains: readonly string[] };
  turns: Turns;
};

/**
 * Finds emails that may go now, locked, with what to know for choosing among them.
 * @param trx it holds the locks: other workers pass the emails by.
 */
export async function findCandidates(
  trx: Knex,
  { budgets, full, turns }: Search,
): Promise<Found & { isFirst: boolean; latest: string | null }> {
  const from = turns.searchFrom();
  const served = turns.served();
  const { rows } = await trx.raw(
    `with recursive ${PAIRS}, ${CANDIDATES}
     select pg_try_advisory_xact_lock(hashtextextended(:lock, 0)) as "isFirst",
       cast((select max(admitted_at) from :emails:) as text) as latest, ${FACTS}`,
    {
      emails: `${getSchema(trx)}.emails`,
      lock: `foyer emails ${getSchema(trx)}`,
      ...full,
      fromNetwork: from.network,
      fromDomain: from.domain,
      purposes: [...PURPOSES],
      served: [...served.keys()],
      servedAt: [...served.values()],
      mailboxCount: budgets?.perMailbox.count ?? 0,
      mailboxMost: (budgets?.perMailbox.count ?? 0) * RESERVE_FACTOR,
      mailboxSeconds: budgets?.perMailbox.seconds ?? 0,
      domainCount: budgets?.perDomain.count ?? 0,
      domainSeconds: budgets?.perDomain.seconds ?? 0,
    },
  );
  const { last, ...found } = rows[0];
  if (found.isFirst) turns.searched(last ?? undefined);
  return { ...found, emails: found.emails ?? [] };
}
