import bcrypt from "bcrypt";
import { type Bcrypt, verifyPassword } from "../../src/hashing/password-hash.ts";

/** bcrypt without threads, which counts its work: a hash of cost 10 is 2^10. */
export function createBcrypt() {
  let work = 0;
  const hash = (secret: string, salt: string) => {
    const cost = bcrypt.getRounds(salt);
    if (cost > 12) throw new Error(`a hash of cost ${cost} would take too long`);
    work += 2 ** cost;
    return bcrypt.hash(secret, salt);
  };
  const port: Bcrypt = {
    hash,
    async compare({ secret, hash: stored, decoys }) {
      // Hashed, not compared: the library hashes nothing at all for what it cannot read, and says so only here.
      const fits = stored !== undefined && (await hash(secret, stored.slice(0, 29))) === stored;
      for (const salt of decoys) await hash(secret, salt);
      return fits;
    },
  };
  return { ...port, work: () => work };
}

/** Whether a hash, of any cost, is of a password typed in NFC. */
export function fits(password: string, stored: string): Promise<boolean> {
  return verifyPassword({ typed: password, nfc: password }, stored, 4, createBcrypt());
}
