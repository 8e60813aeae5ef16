import type { Knex } from "knex";
import { raw } from "objection";
import { ResetToken } from "../../models/reset-token.ts";
import type { User } from "../../models/user.ts";

/**
 * Has no link that was sent before set the password of an account any more, in a transaction that has it locked.
 * @param owner the account as it goes on, if that is under another id: whoever opens such a link is told that it is void.
 */
export async function voidResetLinks(trx: Knex, user: Pick<User, "id">, owner: Pick<User, "id"> = user): Promise<void> {
  await ResetToken.query(trx)
    .where({ user_id: user.id })
    .patch({ user_id: owner.id, used_at: raw("coalesce(used_at, now())") });
}
