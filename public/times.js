// The server does not know the reader's time zone: without this script times are in UTC, and say so.

const { lang } = document.documentElement;
/** @param {string} tag */
const languageOf = (tag) => tag.split("-", 1)[0];
/** As the reader's own country writes times, where the page is in a language of theirs. */
const locale = navigator.languages.find((own) => languageOf(own) === languageOf(lang)) ?? lang;
const format = new Intl.DateTimeFormat(locale, { dateStyle: "long", timeStyle: "short" });

for (const time of document.querySelectorAll("time")) {
  const words = format.format(new Date(time.dateTime));
  if (time.title) time.title = words;
  else time.textContent = words;
}
