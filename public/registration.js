// The form works without this script.

/** @template {HTMLElement} T @param {string} id @param {new () => T} type */
function byId(id, type) {
  const element = document.getElementById(id);
  if (element instanceof type) return element;
  throw new Error(`The form has no ${id}`);
}

const password = byId("password", HTMLInputElement);
const email = byId("email", HTMLInputElement);
const show = byId("show-password", HTMLButtonElement);

show.hidden = false;

/** @param {boolean} shown */
function showPassword(shown) {
  password.type = shown ? "text" : "password";
  const { show: showLabel = "", hide: hideLabel = "", showShort = "", hideShort = "" } = show.dataset;
  show.textContent = shown ? hideShort : showShort;
  show.setAttribute("aria-label", shown ? hideLabel : showLabel);
}

show.addEventListener("click", () => showPassword(password.type === "password"));

const form = password.form;
const RESUBMIT_AFTER_MS = 5000;
let sent = false;
form?.addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  // Hide the password again, or browsers would save it as ordinary form text.
  showPassword(false);
  // Allow another try after the person stopped a slow answer.
  setTimeout(() => {
    sent = false;
  }, RESUBMIT_AFTER_MS);
});
// Browsers keep the page for the back button; it must not keep the password.
addEventListener("pagehide", () => {
  password.value = "";
});
// The back button restores the page as it was left.
addEventListener("pageshow", () => {
  sent = false;
});

/** @param {string} text */
function wrongLength(text) {
  const { length } = [...text.normalize("NFC")];
  if (length < Number(password.dataset["minLength"])) return password.dataset["tooShort"];
  return length > Number(password.dataset["maxLength"]) ? password.dataset["tooLong"] : undefined;
}

/** Loads the estimator only once a password is typed, because it is larger than the page. */
async function watchStrength() {
  const { estimate } = await import("./strength.js");
  const area = byId("strength", HTMLElement);
  const meter = byId("strength-meter", HTMLMeterElement);
  const text = byId("strength-text", HTMLElement);
  const words = area.dataset["words"]?.split("|") ?? [];
  const update = () => {
    const refused = wrongLength(password.value);
    const score = refused ? 0 : estimate(password.value, email.value);
    area.hidden = password.value === "";
    meter.value = score;
    text.textContent = refused ?? words[score] ?? "";
  };
  password.addEventListener("input", update);
  update();
}

password.addEventListener("input", () => void watchStrength(), { once: true });
