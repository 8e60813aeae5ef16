// JavaScript, because Node 20 cannot start a thread on TypeScript.
import bcrypt from "bcrypt";

/** @param {{ secret: string, salt: string }} task */
export function hash({ secret, salt }) {
  return bcrypt.hashSync(secret, salt);
}

/** @param {{ secret: string, hash: string }} task */
export function compare(task) {
  return bcrypt.compareSync(task.secret, task.hash);
}
