// The form is whole without this; it only makes it more comfortable.

/**
 * @template {HTMLElement} T
 * @param {string} id
 * @param {new () => T} type
 * @returns {T}
 */
function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`The form has no ${id}`);
}

const password = byId("password", HTMLInputElement);
const email = byId("email", HTMLInputElement);
const show = byId("show-password", HTMLButtonElement);
const showVerb = byId("show-verb", HTMLElement);

show.hidden = false;

/** @param {boolean} shown */
function showPassword(shown) {
  password.type = shown ? "text" : "password";
  showVerb.textContent = shown ? "Hide" : "Show";
}

show.addEventListener("click", () => showPassword(password.type === "password"));

const form = password.form;
const SENT_MS = 5000;
let sent = false;
form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  // A password that is shown would be kept among the browser's form entries.
  showPassword(false);
  // Who stopped a slow answer can send again.
  setTimeout(() => {
    sent = false;
  }, SENT_MS);
});
// Browsers keep a page that one may come back to as it was left; the password is not to wait there.
addEventListener("pagehide", () => {
  password.value = "";
});
// Coming back from the next page restores this one as it was left.
addEventListener("pageshow", () => {
  sent = false;
});

/** @param {string} text */
function wrongLength(text) {
  const { length } = [...text.normalize("NFC")];
  if (length < Number(password.dataset["minLength"])) return "Too short";
  return length > Number(password.dataset["maxLength"]) ? "Too long" : undefined;
}

const WORDS = ["Very easy to guess", "Easy to guess", "Could be stronger", "Strong", "Very strong"];

/** Loads the estimator when someone types a password, and not before: it is larger than the page. */
async function watchStrength() {
  const { estimate } = await import("./strength.js");
  const [area, meter, text] = [byId("strength", HTMLElement), byId("strength-meter", HTMLMeterElement), byId("strength-text", HTMLElement)];
  const update = () => {
    const refused = wrongLength(password.value);
    const score = refused ? 0 : estimate(password.value, email.value);
    area.hidden = password.value === "";
    meter.value = score;
    text.textContent = refused ?? WORDS[score] ?? "";
  };
  password.addEventListener("input", update);
  update();
}

password.addEventListener("input", () => void watchStrength().catch(() => {}), { once: true });
