import type { Express, Request, RequestHandler, Response } from "express";
import type { Language } from "../language/language.ts";
import type { Languages } from "../language/languages.ts";
import { LANGUAGE_COOKIE_MS, readCookie, setCookie } from "./cookies.ts";
import { wantsPage } from "./wants-page.ts";

const offered = new WeakMap<object, Languages>();
const chosen = new WeakMap<Response, Language>();

/** Has an app answer in these languages. Views find the one of an answer as `language`. */
export function offerLanguages(app: Express, languages: Languages): void {
  offered.set(app, languages);
}

/** Returns all languages that an app offers. */
export function languagesOf({ app }: Request): Languages {
  const languages = offered.get(app);
  if (!languages) throw new Error("this app offers no languages");
  return languages;
}

function languageNamed(req: Request): Language | undefined {
  const { lang } = req.query;
  return typeof lang === "string" ? languagesOf(req).lookUp(lang) : undefined;
}

/**
 * Chooses the language of a request: that of `?lang=`, for pages the one that the browser was given before, that of
 * `Accept-Language` (RFC 9110 section 12.5.4), or the default. Programs say for each request what they want.
 */
export function languageFor(req: Request): Language {
  const languages = languagesOf(req);
  const kept = wantsPage(req) ? readCookie(req, "language") : undefined;
  const known = languages.all.find(({ lang }) => lang === kept);
  return languageNamed(req) ?? known ?? languages.lookUp(req.get("accept-language") ?? "") ?? languages.byDefault;
}

/** Returns the language of an answer, whose head says from then on that it depends on it. */
export function languageOf(res: Response): Language {
  const known = chosen.get(res);
  if (known) return known;
  const language = languageFor(res.req);
  chosen.set(res, language);
  if (!res.headersSent) {
    // Not on the cookie: nobody but the browser keeps an answer, and would lose those for its back button with each cookie.
    res.vary("Accept-Language");
    res.set("Content-Language", language.lang);
  }
  return language;
}

/** Lets views find the language. */
export const useLanguage: RequestHandler = (_req, res, next) => {
  Object.defineProperty(res.locals, "language", { get: () => languageOf(res), enumerable: true });
  next();
};

/** Has the browser keep the language that `?lang=` of a page names. Not by what others may be given from a cache too. */
export const keepLanguage: RequestHandler = (req, res, next) => {
  const named = req.method === "GET" && wantsPage(req) ? languageNamed(req) : undefined;
  if (named) setCookie(req, res, "language", named.lang, LANGUAGE_COOKIE_MS);
  next();
};
