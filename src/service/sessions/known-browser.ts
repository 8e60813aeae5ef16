import { createHmac, randomBytes } from "node:crypto";
import { isEqual } from "../../secrets/is-equal.ts";

const ID_BYTES = 16;
const PROOF = /^([\w-]{22})\.[\w-]{43}$/;

export type KnownBrowsers = {
  /** Gives a browser a proof that somebody signed in to the account of an address with it. */
  prove(emailKey: string): string;
  /** Finds the proof for an address among those of a browser. It asks nothing of the database, so a flood costs little. */
  find(proofs: readonly string[], emailKey: string): { proof: string; id: string } | undefined;
};

/**
 * Recognises browsers whose people signed in before (OWASP, "Slow Down Online Guessing Attacks with Device Cookies").
 * @param key the same for all instances.
 */
export function createKnownBrowsers(key: Buffer): KnownBrowsers {
  const sign = (id: string, emailKey: string) => {
    const mac = createHmac("sha256", key).update(`${id} ${emailKey}`).digest("base64url");
    return `${id}.${mac}`;
  };

  return {
    prove: (emailKey) => sign(randomBytes(ID_BYTES).toString("base64url"), emailKey),
    find(proofs, emailKey) {
      for (const proof of proofs) {
        const id = PROOF.exec(proof)?.[1];
        if (id !== undefined && isEqual(proof, sign(id, emailKey))) return { proof, id };
      }
    },
  };
}
