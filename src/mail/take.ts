import type { Knex } from "knex";
import { getSchema } from "../db/schema.ts";
import { transaction } from "../db/transaction.ts";
import { OutboxEmail } from "../models/outbox-email.ts";
import type { Slots } from "../outbox/slots.ts";
import type { Budgets } from "./budget.ts";
import { findCandidates } from "./candidates.ts";
import { choose, type Decision } from "./choose.ts";
import { listFull, type Sending } from "./slots.ts";
import type { Turns } from "./turns.ts";

/** @param sending what this worker sends now, which its slots are shared by. */
export type Take = {
  slots: Slots;
  sending: readonly Sending[];
  leaseSeconds: number;
  budgets: Budgets | undefined;
  turns: Turns;
};

export type Taken = { emails: OutboxEmail[]; delayed: number; dropped: number };

const APPLY = `
  update :emails: one set
    lease_version = lease_version + cast(action = 'send' as int),
    available_at = case action when 'drop' then available_at else now() + make_interval(secs => seconds) end,
    is_held = action = 'hold',
    due_at = case when action = 'hold' and not is_held then now() + make_interval(secs => seconds)
      when action = 'send' and is_held then available_at else due_at end,
    -- Not the time of the transaction, which may have begun before another that counted.
    admitted_at = case action when 'send' then clock_timestamp() else admitted_at end,
    finished_at = case action when 'drop' then now() end,
    outcome = case action when 'drop' then 'dropped' end
  from unnest(cast(:ids as bigint[]), cast(:actions as text[]), cast(:seconds as float[])) decision (id, action, seconds)
  where one.id = decision.id and one.finished_at is null
    and (select cast(max(admitted_at) as text) from :emails:) is not distinct from cast(:latest as text)
  returning one.*, action`;

type Applied = OutboxEmail & { action: Decision["action"] };

async function apply(trx: Knex, decisions: readonly Decision[], latest: string | null, leaseSeconds: number) {
  const { rows }: { rows: Applied[] } = await trx.raw(APPLY, {
    emails: `${getSchema(trx)}.emails`,
    ids: decisions.map(({ id }) => id),
    actions: decisions.map(({ action }) => action),
    seconds: decisions.map((one) => (one.action === "hold" ? one.seconds : leaseSeconds)),
    latest,
  });
  return rows;
}

function sort(rows: readonly Applied[]): Taken {
  const count = (action: Decision["action"]) => rows.filter((row) => row.action === action).length;
  const emails = rows
    .filter(({ action }) => action === "send")
    .map(({ action, ...email }) => OutboxEmail.fromDatabaseJson(email));
  return { emails, delayed: count("hold"), dropped: count("drop") };
}

/**
 * Leases emails that are due, holds back those beyond a budget, and drops those that a newer one stands for. Whoever
 * counts holds a lock, so that no two count the same room; what was counted before it was had counts for nothing.
 * @returns undefined where another worker takes at this moment.
 */
export function take(db: Knex, { slots, sending, leaseSeconds, budgets, turns }: Take): Promise<Taken | undefined> {
  return transaction(db, async (trx) => {
    const full = listFull(slots, sending);
    const { isFirst, latest, ...found } = await findCandidates(trx, { budgets, full, turns });
    if (!isFirst) return undefined;
    const decisions = choose(found, slots, sending, budgets);
    if (decisions.length === 0) return { emails: [], delayed: 0, dropped: 0 };
    const rows = await apply(trx, decisions, latest, leaseSeconds);
    return rows.length === 0 ? undefined : sort(rows);
  });
}
