import { BroadcastChannel, threadId } from "node:worker_threads";
import bcrypt from "bcrypt";

export { compare, hash } from "../../src/hashing/worker.js";

/** Says of each call of the library by the worker on which thread it is, and of what cost. */
const channel = new BroadcastChannel("bcrypt calls");
channel.unref();

const { hashSync, compareSync } = bcrypt;
bcrypt.hashSync = (secret, salt) => {
  channel.postMessage({ threadId, call: `hash ${bcrypt.getRounds(String(salt))}` });
  return hashSync(secret, salt);
};
bcrypt.compareSync = (secret, hash) => {
  channel.postMessage({ threadId, call: `compare ${bcrypt.getRounds(hash)}` });
  return compareSync(secret, hash);
};
