/** @typedef {{ core: typeof import("@zxcvbn-ts/core") }} Zxcvbn */

/** The files beside this one are of its version. @param {string} name */
const beside = (name) => new URL(name, import.meta.url).href;

/** @param {string} src */
function loadScript(src) {
  return new Promise((resolve, reject) => {
    const script = document.createElement("script");
    script.src = src;
    script.onload = resolve;
    script.onerror = reject;
    document.head.append(script);
  });
}

/** Bounds the time of an estimate. Further characters can only make the password stronger. */
const MAX_LENGTH = 64;

const answer = await fetch(beside("common-passwords.json"));
const [commonPasswords] = await Promise.all([answer.json(), loadScript(beside("zxcvbn.js"))]);
/** @type {typeof globalThis & { zxcvbnts?: Zxcvbn }} */
const { zxcvbnts } = globalThis;
if (!zxcvbnts) throw new Error("zxcvbn did not load");
const zxcvbn = new zxcvbnts.core.ZxcvbnFactory({ dictionary: { "passwords-common": commonPasswords } });

/** From 0 to 4, without sending it anywhere. @param {string} password @param {string} email */
export function estimate(password, email) {
  return zxcvbn.check(password.slice(0, MAX_LENGTH), [email, ...email.split(/[@.]/)]).score;
}
