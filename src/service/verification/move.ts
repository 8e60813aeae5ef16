import type { Knex } from "knex";
import { raw } from "objection";
import { violatedUnique } from "../../db/faults.ts";
import type { EventRecorder } from "../../events/recorder.ts";
import { User } from "../../models/user.ts";
import { isOwned } from "../identity/account.ts";
import { type Result, refuse } from "../refusal.ts";
import { deleteReplaced, replace, supersede } from "./claim.ts";
import { voidResetLinks } from "./void-reset-links.ts";

/**
 * Moves an account to an address whose mailbox its owner reads, in a transaction that has both locked. Whoever signed up
 * there and verified nothing gives way, for the address belongs to who reads its mail.
 * @returns undefined where it is another account's.
 */
export async function moveAccount(
  trx: Knex.Transaction,
  user: User,
  { email, email_key }: Pick<User, "email" | "email_key">,
  events: EventRecorder,
): Promise<User | undefined> {
  const there = await User.query(trx).findOne({ email_key }).whereNot({ id: user.id });
  if (there && isOwned(there)) return undefined;
  if (there) await replace(trx, there);
  const now = raw("now()");
  const moved = await user.$query(trx).patchAndFetch({ email, email_key, email_verified_at: now, updated_at: now });
  await supersede(trx, email_key);
  if (there) {
    // An app may keep its row, and a password set for that would be nobody's.
    await voidResetLinks(trx, there, moved);
    await deleteReplaced(trx, there);
    await events.recordDeleted(trx, [there.id]);
  }
  return moved;
}

const MOST_TRIES = 3;

/**
 * Runs a transaction that moves an account. Somebody may sign up at the address between the look and the move: they have
 * verified nothing, and give way at the next try.
 */
export async function moveDespiteSignUps<T>(move: () => Promise<T>): Promise<T | Result<never, "email_taken">> {
  for (let tries = 1; tries <= MOST_TRIES; tries += 1) {
    try {
      return await move();
    } catch (fault) {
      if (violatedUnique(fault) !== User.emailKeyIsUnique) throw fault;
    }
  }
  return refuse({ code: "email_taken", emailSent: false });
}
