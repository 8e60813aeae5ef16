import { IntlMessageFormat } from "intl-messageformat";
import english from "../../views/locales/en.json" with { type: "json" };
import type { Catalogue } from "./catalogue.ts";
import { createFormatters } from "./formatters.ts";
import type { MessageKey, MessageValues } from "./message.ts";

export function isMessageKey(name: string): name is MessageKey {
  return Object.hasOwn(english, name);
}

export type Language = {
  /** Its tag (RFC 5646). */
  lang: string;
  /** What the site is called: the variable `site` of every sentence. */
  site: string;
  dir: string;
  /** Its own name for itself. */
  name: string;
  /** @throws Error if a variable of the sentence has no value. */
  text(key: MessageKey, values?: MessageValues): string;
  /** Says a time in UTC, with that name. */
  time(date: Date): string;
  /** Says how long ago something was, in whole minutes, hours or days: no reader's time zone matters to it. */
  ago(date: Date): string;
};

const UNITS = [
  ["day", 24 * 60 * 60 * 1000],
  ["hour", 60 * 60 * 1000],
] as const;
const MINUTE = ["minute", 60 * 1000] as const;
const LONG = { dateStyle: "long", timeStyle: "long", timeZone: "UTC" } as const;

function once<T>(create: () => T): () => T {
  let made: T | undefined;
  return () => {
    made ??= create();
    return made;
  };
}

/**
 * Makes a language of its sentences, which call the site `site`. What formats them is made when it is first needed: most
 * answers have few words.
 */
export function createLanguage(catalogue: Catalogue, site: string): Language {
  const { lang, locale, dir, name } = catalogue;
  const formatters = createFormatters(locale);
  const ages = once(() => new Intl.RelativeTimeFormat(locale));
  const lists = once(() => new Intl.ListFormat(locale, { type: "disjunction" }));
  const formats = new Map<MessageKey, IntlMessageFormat>();
  const formatOf = (key: MessageKey) => {
    const format =
      formats.get(key) ?? new IntlMessageFormat(catalogue[key], locale, undefined, { ignoreTag: true, formatters });
    formats.set(key, format);
    return format;
  };
  const time = (date: Date) => formatters.getDateTimeFormat(locale, LONG).format(date);
  const written = (value: MessageValues[string]) => {
    if (value instanceof Date) return time(value);
    return Array.isArray(value) ? lists().format(value) : value;
  };
  return {
    lang,
    dir,
    name,
    site,
    text: (key, values = {}) => {
      const all = Object.entries({ site, ...values }).map(([variable, value]) => [variable, written(value)]);
      return String(formatOf(key).format(Object.fromEntries(all)));
    },
    time,
    ago: (date) => {
      const passed = Math.max(0, Date.now() - date.getTime());
      const [unit, length] = UNITS.find(([, length]) => passed >= length) ?? MINUTE;
      return ages().format(-Math.floor(passed / length), unit);
    },
  };
}
