import { readFileSync } from "node:fs";
import { create, type ExpressHandlebars } from "express-handlebars";
import Handlebars, { type HelperOptions } from "handlebars";
import type { Language } from "./language.ts";
import type { MessageKey, MessageValues } from "./message.ts";

type CompileOptions = Parameters<typeof Handlebars.compile>[1];

function readLanguage({ data }: HelperOptions): Language {
  return data.root.language;
}

/**
 * Isolates a value, so that its script cannot change the direction of the sentence around it. A time says which it is, for
 * a script to say it in the reader's time zone.
 */
function isolate(value: MessageValues[string], { time }: Language): MessageValues[string] {
  if (value instanceof Date) return `<time datetime="${value.toISOString()}">${time(value)}</time>`;
  if (typeof value === "string") return `<bdi>${Handlebars.escapeExpression(value)}</bdi>`;
  return Array.isArray(value) ? value.map((item) => `<bdi>${Handlebars.escapeExpression(item)}</bdi>`) : value;
}

function t(key: MessageKey, options: HelperOptions) {
  return readLanguage(options).text(key, options.hash);
}

/** `{{markup "key" name=value}}`: a sentence that may contain markup of its own. Its values are escaped. */
function markup(key: MessageKey, options: HelperOptions) {
  const values: MessageValues = options.hash;
  const language = readLanguage(options);
  const isolated = Object.entries(values).map(([name, value]) => [name, isolate(value, language)]);
  return new Handlebars.SafeString(language.text(key, Object.fromEntries(isolated)));
}

/** They need `language` in the context. */
const HELPERS = { t, markup };

/** Creates Handlebars with `t` and `markup`. @param options its own. */
export function createHandlebars(options: Parameters<typeof create>[0]): ExpressHandlebars {
  return create({ extname: ".hbs", ...options, helpers: { ...options?.helpers, ...HELPERS } });
}

/** Reads one template, without layout and partials, that finds `t` and `markup`. @param options Handlebars' own. */
export function readTemplate(file: URL, options: CompileOptions = {}): (context: object) => string {
  const template = Handlebars.compile(readFileSync(file, "utf8").trim(), options);
  return (context) => template(context, { helpers: HELPERS });
}
