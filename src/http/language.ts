import type { RequestHandler, Response } from "express";
import type { Language } from "../language/language.ts";

const languages = new WeakMap<Response, Language>();

/** Sets the language of each answer. Views find it as `language`. */
export function useLanguage(language: Language): RequestHandler {
  return (_req, res, next) => {
    languages.set(res, language);
    res.locals["language"] = language;
    next();
  };
}

/** The tag of an answer's language. An app that mounts Foyer may ask outside of Foyer's own answers, which are in English. */
export function tagOf(res: Response): string {
  return languages.get(res)?.lang ?? "en";
}

/** Returns the language of an answer. It throws where `useLanguage` did not run. */
export function languageOf(res: Response): Language {
  const language = languages.get(res);
  if (!language) throw new Error("the language of this answer is not set");
  return language;
}
