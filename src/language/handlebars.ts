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
  const language = readLanguage(options);
  const values: MessageValues = { site: language.site, ...options.hash };
  const isolated = Object.entries(values).map(([name, value]) => [name, isolate(value, language)]);
  return new Handlebars.SafeString(language.text(key, Object.fromEntries(isolated)));
}

/** They need `language` in the context. */
const HELPERS = { t, markup };

const PAGE_HELPERS = ["path", "asset", "json"] as const;

/** The helpers of each kind of view, beside Handlebars' own. */
export const HELPER_NAMES = {
  emails: Object.keys(HELPERS),
  pages: [...Object.keys(HELPERS), ...PAGE_HELPERS],
};

/** What pages add. Handlebars gives each helper a last argument, with what the view knows. */
export type PageHelpers = Record<(typeof PAGE_HELPERS)[number], (...given: never[]) => string>;

/** Creates Handlebars with all helpers. @param options its own. */
export function createHandlebars(
  options: NonNullable<Parameters<typeof create>[0]>,
  helpers: PageHelpers,
): ExpressHandlebars {
  return create({ extname: ".hbs", ...options, helpers: { ...helpers, ...HELPERS } });
}

/** Reads one template, without layout and partials, that finds `t` and `markup`. @param options Handlebars' own. */
export function readTemplate(file: URL, options: CompileOptions = {}): (context: object) => string {
  const template = Handlebars.compile(readFileSync(file, "utf8").trim(), options);
  return (context) => template(context, { helpers: HELPERS });
}
