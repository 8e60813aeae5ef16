import type { Knex } from "knex";
import type { Logger } from "pino";
import type { Place } from "../../admission/place.ts";
import type { Hasher } from "../../hashing/hasher.ts";
import type { TypedPassword } from "../../hashing/password-hash.ts";
import { User } from "../../models/user.ts";

type Verified = { id: number; hashed_password: string };

/** Hashes a password again that was right, where its hash is of another cost or system than new ones. It must not throw. */
export type Rehash = (account: Verified, password: TypedPassword) => void;

export type RehashOutcome = "done" | "skipped" | "failed";

export type RehashDeps = { db: Knex; hasher: Hasher; log: Logger; observe: (outcome: RehashOutcome) => void };

const PLACE: Place = { network: "re-hash", rank: "rehash" };

/**
 * Creates what works after the answer, behind all who wait for a hash. The hash that was verified is replaced and no other,
 * for the password may have been changed meanwhile.
 */
export function createRehash({ db, hasher, log, observe }: RehashDeps): Rehash {
  async function replace({ id, hashed_password }: Verified, { nfc }: TypedPassword): Promise<RehashOutcome> {
    const hashed = await hasher.hash(nfc, new AbortController().signal, PLACE);
    if (!hashed.ok) return "skipped";
    await User.query(db).where({ id, hashed_password }).patch({ hashed_password: hashed.value });
    return "done";
  }

  return (account, password) => {
    if (!hasher.isStale(account.hashed_password)) return;
    replace(account, password).then(observe, (fault: unknown) => {
      observe("failed");
      log.warn({ err: fault }, "a password's hash could not be renewed");
    });
  };
}
