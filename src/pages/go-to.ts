import type { Response } from "express";
import { withReturnTo } from "./views.ts";

/** Where a page of Foyer's is on its origin: below the path of PUBLIC_URL, or where an app mounted it. */
export function pathOf(res: Response, page: string): string {
  return `${res.locals["base"]}${page}`;
}

/** Leads to a page of Foyer's, by GET. The way back comes along. */
export function goTo(res: Response, page: string): void {
  res.redirect(303, withReturnTo(pathOf(res, page), res.locals["returnTo"]));
}

/** Leads on to where somebody wanted to go, as `readNext` gives it, or else to a page of Foyer's. */
export function goOn(res: Response, next: string | undefined, page: string): void {
  if (next === undefined) goTo(res, page);
  else res.redirect(303, next);
}

/** Leads to the form that signs in, which leads back to a page. */
export function goToSignIn(res: Response, page: string): void {
  goTo(res, `/sign-in?${new URLSearchParams({ next: pathOf(res, page) })}`);
}
