/** @typedef {{ core: typeof import("@zxcvbn-ts/core") }} Zxcvbn */

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

/** The estimate takes longer the longer the password; what stands further on can only make it stronger. */
const LONGEST = 64;

const answer = await fetch("/assets/common-passwords.json");
const [commonPasswords] = await Promise.all([answer.json(), loadScript("/assets/zxcvbn.js")]);
/** @type {typeof globalThis & { zxcvbnts?: Zxcvbn }} */
const { zxcvbnts } = globalThis;
if (!zxcvbnts) throw new Error("zxcvbn did not load");
const zxcvbn = new zxcvbnts.core.ZxcvbnFactory({ dictionary: { "passwords-common": commonPasswords } });

/**
 * Estimates how hard a password is to guess, from 0 to 4, without sending it anywhere.
 * @param {string} password
 * @param {string} email
 */
export function estimate(password, email) {
  return zxcvbn.check(password.slice(0, LONGEST), [email, ...email.split(/[@.]/)]).score;
}
