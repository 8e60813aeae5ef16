import type { Knex } from "knex";
import { z } from "zod";
import { transaction } from "../../db/transaction.ts";
import { Acceptance } from "../../models/acceptance.ts";
import { ok } from "../../result.ts";
import type { Caller } from "../caller.ts";
import { parseInput } from "../identity/fields.ts";
import { type Terms, termsVersionField } from "../identity/terms.ts";
import { type Result, refuse } from "../refusal.ts";
import { dueTerms } from "../sessions/due-terms.ts";
import { toOutput } from "../sessions/hand-over.ts";
import type { SignedInAccount } from "../sessions/input.ts";
import type { FindSession } from "../sessions/live.ts";
import { lockOwnAccount } from "../sessions/lock.ts";

export type AcceptDeps = { db: Knex; findSession: FindSession; settings: { terms: Terms | undefined } };

export function acceptTermsInput(terms: Terms | undefined) {
  return z.object({ termsVersion: termsVersionField(terms) });
}

/** Notes that whoever is signed in agreed to the terms that count now. Who did so before has nothing more to do. */
export async function acceptTerms(
  { db, findSession, settings: { terms } }: AcceptDeps,
  input: unknown,
  caller: Caller,
): Promise<Result<SignedInAccount, "not_signed_in" | "invalid_input">> {
  const session = await findSession(caller.credential());
  if (!session) return refuse({ code: "not_signed_in" });
  const parsed = parseInput(acceptTermsInput(terms), input);
  if (!parsed.ok) return parsed;
  const { termsDue, ...account } = session.account;
  if (!termsDue) return ok(toOutput(account));
  const accepted = await transaction(db, async (trx) => {
    const user = await lockOwnAccount(trx, session);
    if (!user) return false;
    const { ip, language } = caller;
    // Who sends the same twice, as by a double click, agreed once.
    if (await dueTerms(trx, termsDue, user.id))
      await Acceptance.query(trx).insert({ user_id: user.id, ...termsDue, ip, language });
    return true;
  });
  return accepted ? ok(toOutput(account)) : refuse({ code: "not_signed_in" });
}
