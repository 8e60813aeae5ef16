// JavaScript, because Node 20 cannot start a thread on TypeScript.
import { constants, getPriority, setPriority } from "node:os";
import bcrypt from "bcrypt";

// Requests that need no hash go first: they need a thousandth of its processor time. Linux has a priority for each thread,
// others one for the process. Piscina would need an optional package, and do nothing where an install leaves that out.
if (process.platform === "linux") setPriority(Math.min(getPriority() + 10, constants.priority.PRIORITY_LOW));

/** @param {{ secret: string, salt: string }} task */
export function hash({ secret, salt }) {
  return bcrypt.hashSync(secret, salt);
}

/** @param {import("./password-hash.ts").Trial} trial */
export function compare({ secret, hash, decoys }) {
  const fits = hash !== undefined && bcrypt.compareSync(secret, hash);
  for (const salt of decoys) bcrypt.hashSync(secret, salt);
  return fits;
}
