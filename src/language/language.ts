import { readFileSync } from "node:fs";
import { IntlMessageFormat } from "intl-messageformat";
import english from "../../views/locales/en.json" with { type: "json" };
import type { MessageKey, MessageValues } from "./message.ts";
import { findViews, type ViewFolders } from "./views.ts";

export function isMessageKey(name: string): name is MessageKey {
  return Object.hasOwn(english, name);
}

export type Language = {
  lang: string;
  /** What the site is called: the variable `site` of every sentence. */
  site: string;
  dir: string;
  /** @throws Error if a variable of the sentence has no value. */
  text(key: MessageKey, values?: MessageValues): string;
  time(date: Date): string;
  /** Says how long ago something was, in whole minutes, hours or days: no reader's time zone matters to it. */
  ago(date: Date): string;
};

const UNITS = [
  ["day", 24 * 60 * 60 * 1000],
  ["hour", 60 * 60 * 1000],
] as const;
const MINUTE = ["minute", 60 * 1000] as const;

function readCatalogue(folders: ViewFolders, tag: string): Record<MessageKey, string> {
  const files = findViews(folders, `locales/${tag}.json`).toReversed();
  return Object.assign({}, ...files.map((file) => JSON.parse(readFileSync(file, "utf8"))));
}

/**
 * Loads the sentences (ICU MessageFormat) of a language from `locales/<tag>.json`: those of the first folder win.
 * @param tag by RFC 5646. @param site what sentences call the site.
 */
export function loadLanguage(folders: ViewFolders, tag: string, site: string): Language {
  const catalogue = readCatalogue(folders, tag);
  const times = new Intl.DateTimeFormat(catalogue.locale, { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" });
  const ages = new Intl.RelativeTimeFormat(catalogue.locale);
  const lists = new Intl.ListFormat(catalogue.locale, { type: "disjunction" });
  const formats = new Map<MessageKey, IntlMessageFormat>();
  const getFormat = (key: MessageKey) => {
    const known = formats.get(key);
    if (known) return known;
    const format = new IntlMessageFormat(catalogue[key], tag, undefined, { ignoreTag: true });
    formats.set(key, format);
    return format;
  };
  return {
    lang: catalogue.lang,
    dir: catalogue.dir,
    site,
    text: (key, values = {}) => {
      const written = Object.entries({ site, ...values }).map(([name, value]) => [
        name,
        Array.isArray(value) ? lists.format(value) : value,
      ]);
      return String(getFormat(key).format(Object.fromEntries(written)));
    },
    time: (date) => `${times.format(date)} UTC`,
    ago: (date) => {
      const passed = Math.max(0, Date.now() - date.getTime());
      const [unit, length] = UNITS.find(([, length]) => passed >= length) ?? MINUTE;
      return ages.format(-Math.floor(passed / length), unit);
    },
  };
}
