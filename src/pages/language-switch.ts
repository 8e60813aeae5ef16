import type { Request, RequestHandler, Response } from "express";
import { languageOf, languagesOf } from "../http/language.ts";
import { nextInQuery, nextOf } from "../http/next.ts";
import { returnToOf } from "../http/return-to.ts";

/** The pages of the forms that are posted elsewhere. */
const PAGES: Record<string, string> = {
  "/verify/resend": "/verify",
  "/reset/confirm": "/reset",
  "/sign-out": "/account",
  "/sessions/end": "/account/sessions",
};
/** The pages of links in emails, which mail programs damage: there all that came is kept, but for what is read here. */
const OF_LINKS = /^\/(?:verify|reset|account\/email\/(?:confirm|undo))$/;
const NOT_OF_LINKS = /(?:^|&)(?:lang|return_to|next|\w*password)=[^&]*/gi;
/** What else pages are opened with. Nothing else is repeated: somebody may have put a password into an address. */
const KEPT = /^(?:sent|out|reset|leaving|deleted|done|ended)(?:=[\w-]*)?$/;

function keptOf(query: string): string {
  return query
    .split("&")
    .filter((part) => KEPT.test(part))
    .join("&");
}

/** In characters. No link of Foyer's has more. */
const MOST = 2048;

/** Where it leads on to, only as it was read: never what leads elsewhere. */
function onwardIn(req: Request, next: string | undefined): Record<string, string> {
  // Without one of its own, the way back is `next`.
  const returnTo = "return_to" in req.query ? returnToOf(req) : undefined;
  return { ...(next !== undefined && { next }), ...(returnTo !== undefined && { return_to: returnTo }) };
}

/** The page that shows what this answer shows: of a form that was refused, the form, with the token of its link. */
function pageOf(req: Request): { path: string; query: string } {
  if (req.method === "GET" || req.method === "HEAD") {
    const query = req.url.slice(req.path.length).replace(/^\?/, "");
    const others = OF_LINKS.test(req.path) ? query.replaceAll(NOT_OF_LINKS, "") : keptOf(query);
    const onward = String(new URLSearchParams(onwardIn(req, nextInQuery(req))));
    return { path: req.path, query: [others.replace(/^&/, ""), onward].filter(Boolean).join("&") };
  }
  const token: unknown = req.body?.token;
  const isToken = typeof token === "string" && token !== "" && token.length <= MOST;
  const query = new URLSearchParams({ ...(isToken && { token }), ...onwardIn(req, nextOf(req, req.body?.next)) });
  return { path: PAGES[req.path] ?? req.path, query: String(query) };
}

/** The languages to choose from, none where there is but one. @param hrefOf where a choice leads, by the language's tag. */
function choices(req: Request, res: Response, hrefOf: (lang: string) => string) {
  const { all } = languagesOf(req);
  if (all.length === 1) return [];
  return all.map(({ lang, dir, name }) => ({
    ...{ lang, dir, name },
    href: hrefOf(lang),
    isCurrent: lang === languageOf(res).lang,
  }));
}

/** Lets every page lead to itself in each other language, with all of its query. Views find the links as `languages`. */
export const offerLanguageSwitch: RequestHandler = (req, res, next) => {
  const links = () => {
    const { path, query } = pageOf(req);
    // Two slashes would lead to another host.
    const page = `${res.locals["base"]}/${path.replace(/^[/\\]+/, "")}`;
    return choices(req, res, (lang) => `${page}?lang=${lang}${query && `&${query}`}`);
  };
  Object.defineProperty(res.locals, "languages", { get: links, enumerable: true, configurable: true });
  next();
};

/** The same where the address may be anything, so that nothing of it is repeated: the browser knows where it is. */
export function offerLanguagesInPlace(res: Response): void {
  const links = choices(res.req, res, (lang) => `?lang=${lang}`);
  Object.defineProperty(res.locals, "languages", { value: links, enumerable: true });
}
