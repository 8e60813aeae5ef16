import type { Knex } from "knex";
import { transaction } from "../../db/transaction.ts";
import type { EmailContent } from "../../mail/content.ts";
import type { OutboxEmail } from "../../models/outbox-email.ts";
import { SignUp } from "../../models/sign-up.ts";
import { User } from "../../models/user.ts";
import { isOwned } from "../identity/account.ts";
import { readableAddress } from "../identity/email-address.ts";
import { hasCompetingSignUps } from "../registration/sign-ups.ts";
import type { ServiceSettings } from "../settings.ts";
import { mintToken } from "./tokens.ts";

/** An account that was never to be verified has no sign-up. It is given one, with the password that it has. */
function findOrAddSignUp(db: Knex, { id, email, email_key, hashed_password }: User) {
  return transaction(db, async (trx) => {
    // Of two workers one makes it.
    await User.query(trx).findById(id).forUpdate();
    const known = await SignUp.query(trx).findOne({ user_id: id, hashed_password }).whereNull("outcome");
    return known ?? SignUp.query(trx).insert({ user_id: id, email, email_key, hashed_password }).returning("*");
  });
}

/** Decides what an email says only as it is sent: a link's time begins then, and no token waits in the outbox. */
export function createBuildEmail(db: Knex, { verificationHours }: Pick<ServiceSettings, "verificationHours">) {
  return async function buildEmail({ email_key, sign_up_id }: OutboxEmail): Promise<EmailContent | undefined> {
    const named = sign_up_id === null ? undefined : await SignUp.query(db).findById(sign_up_id);
    if (named?.outcome === "verified") return undefined;
    const user = await User.query(db).findOne({ email_key });
    if (user?.email_verified_at) {
      // Drop the unused hash. Keep the rest, so that code attempts behave alike.
      await named?.$query(db).patch({ hashed_password: null, user_id: user.id });
      return { kind: "already-registered", to: user.email };
    }
    const signUp = user && isOwned(user) ? await findOrAddSignUp(db, user) : named;
    if (!signUp) return undefined;
    // It was made before the address had the account.
    if (user && signUp.user_id === null) await signUp.$query(db).patch({ user_id: user.id });
    const minted = await mintToken(db, signUp.id, verificationHours);
    const { email: to, created_at: signedUpAt } = signUp;
    return {
      kind: "verify",
      to,
      address: readableAddress(to),
      signedUpAt,
      validHours: verificationHours,
      hasCompetingSignUps: await hasCompetingSignUps(db, signUp),
      ...minted,
    };
  };
}

/** Whether the worker may start at once. In discreet mode, the time it takes would tell which addresses are known. */
export function mayWakeWorker({ privacy }: Pick<ServiceSettings, "privacy">): boolean {
  return privacy === "open";
}
