// The forms work without this script.

/** @param {string} id */
function inputById(id) {
  const element = document.getElementById(id);
  if (element instanceof HTMLInputElement) return element;
  throw new Error(`The page has no ${id}`);
}

/** @param {HTMLButtonElement} button */
function passwordOf(button) {
  return inputById(button.getAttribute("aria-controls") ?? "");
}

/** @param {HTMLButtonElement} button @param {boolean} shown */
function showPassword(button, shown) {
  passwordOf(button).type = shown ? "text" : "password";
  const { show = "", hide = "", showShort = "", hideShort = "" } = button.dataset;
  button.textContent = shown ? hideShort : showShort;
  button.setAttribute("aria-label", shown ? hide : show);
}

const buttons = /** @type {HTMLButtonElement[]} */ ([...document.querySelectorAll("button.show-password")]);
for (const button of buttons) {
  button.hidden = false;
  button.addEventListener("click", () => showPassword(button, passwordOf(button).type === "password"));
}

const RESUBMIT_AFTER_MS = 5000;
let sent = false;
addEventListener("submit", (event) => {
  if (sent) event.preventDefault();
  sent = true;
  // Hide the passwords again, or browsers would save them as ordinary form text.
  for (const button of buttons) showPassword(button, false);
  // Allow another try after the person stopped a slow answer.
  setTimeout(() => {
    sent = false;
  }, RESUBMIT_AFTER_MS);
});
// Browsers keep the page for the back button; it must not keep a password.
addEventListener("pagehide", () => {
  for (const button of buttons) passwordOf(button).value = "";
});
// The back button restores the page as it was left.
addEventListener("pageshow", () => {
  sent = false;
});

/** @param {HTMLInputElement} password */
function wrongLength({ value, dataset }) {
  const { length } = [...value.normalize("NFC")];
  if (length < Number(dataset["minLength"])) return dataset["tooShort"];
  return length > Number(dataset["maxLength"]) ? dataset["tooLong"] : undefined;
}

/** Loads the estimator only once a password is typed, because it is larger than the page. @param {HTMLInputElement} password */
async function watchStrength(password) {
  const { estimate } = await import("./strength.js");
  const area = password.closest(".field")?.querySelector(".strength");
  const [meter, text] = [area?.querySelector("meter"), area?.querySelector("p")];
  if (!(area instanceof HTMLElement) || !meter || !text) return;
  const email = document.getElementById("email");
  const words = area.dataset["words"]?.split("|") ?? [];
  const update = () => {
    const refused = wrongLength(password);
    const typed = email instanceof HTMLInputElement ? email.value : "";
    meter.value = refused ? 0 : estimate(password.value, typed);
    area.hidden = password.value === "";
    text.textContent = refused ?? words[meter.value] ?? "";
  };
  password.addEventListener("input", update);
  update();
}

for (const password of buttons.map(passwordOf).filter(({ autocomplete }) => autocomplete === "new-password")) {
  password.addEventListener("input", () => void watchStrength(password), { once: true });
}
