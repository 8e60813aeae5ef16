import type { Request, RequestHandler } from "express";
import { languageOf, languagesOf } from "../http/language.ts";
import { returnToOf } from "../http/return-to.ts";

/** The pages of the forms that are posted elsewhere. */
const PAGES: Record<string, string> = {
  "/verify/resend": "/verify",
  "/reset/confirm": "/reset",
  "/sign-out": "/account",
  "/sessions/end": "/account/sessions",
};
/** What a form carries along that its page is opened with. */
const CARRIED = ["token", "next"];
/** In characters. No link of Foyer's has more. */
const MOST = 2048;

/** The page that shows what this answer shows: of a form that was refused, the form. */
function pageOf(req: Request): { path: string; query: string } {
  if (req.method === "GET" || req.method === "HEAD") {
    const query = req.url.slice(req.path.length).replace(/^\?/, "");
    return { path: req.path, query: query.replaceAll(/(?:^|&)lang=[^&]*/g, "").replace(/^&/, "") };
  }
  const query = new URLSearchParams();
  for (const name of CARRIED) {
    const sent: unknown = req.body?.[name];
    if (typeof sent === "string" && sent !== "" && sent.length <= MOST) query.set(name, sent);
  }
  const returnTo = returnToOf(req);
  if (returnTo !== undefined) query.set("return_to", returnTo);
  return { path: PAGES[req.path] ?? req.path, query: String(query) };
}

/** Lets every page lead to itself in each other language, with all of its query. Views find the links as `languages`. */
export const offerLanguageSwitch: RequestHandler = (req, res, next) => {
  const links = () => {
    const { all } = languagesOf(req);
    if (all.length === 1) return [];
    const { path, query } = pageOf(req);
    // Two slashes would lead to another host.
    const page = `${res.locals["base"]}/${path.replace(/^[/\\]+/, "")}`;
    return all.map(({ lang, dir, name }) => ({
      ...{ lang, dir, name },
      href: `${page}?lang=${lang}${query && `&${query}`}`,
      isCurrent: lang === languageOf(res).lang,
    }));
  };
  Object.defineProperty(res.locals, "languages", { get: links, enumerable: true });
  next();
};
