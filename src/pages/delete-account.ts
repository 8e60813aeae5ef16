import type { RequestHandler, Response } from "express";
import { languageOf } from "../http/language.ts";
import { nextOf } from "../http/next.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { goOn, goTo, goToSignIn, pathOf } from "./go-to.ts";
import { explainOwnPassword, fieldError, type PageRefusal } from "./refusal-page.ts";
import { type AccountPage, forSignedIn, KEEP, privatePage, requireOwnForm, type SignedIn } from "./signed-in.ts";
import { pageTitle } from "./title.ts";

const DELETE = "/account/delete";
const ACCOUNT = "/account";

export type DeleteAccountPage = AccountPage & { settings: ServiceSettings };

function renderDelete(res: Response, page: DeleteAccountPage, signedIn: SignedIn, refusal?: PageRefusal) {
  const { scripts, ...common } = privatePage(page, signedIn);
  res.render("pages/account/delete", {
    ...common,
    scripts: [...scripts, "passwords.js"],
    title: pageTitle(res, "delete.title", refusal),
    form: page.formTokens.of(signedIn.handle, DELETE),
    graceDays: page.settings.deletionGraceDays,
    password: { error: fieldError("password", refusal) },
    refusal,
  });
}

const DAY_MS = 24 * 60 * 60 * 1000;

/** Where the deletion is confirmed: with the days in which signing in keeps the account, if there are any. */
function leftPath(deletesAt: string): string {
  const days = Math.ceil((Date.parse(deletesAt) - Date.now()) / DAY_MS);
  return days > 0 ? `/sign-in?leaving=${days}` : "/sign-in?deleted";
}

/** GET /account/delete. */
export function showDelete(page: DeleteAccountPage): RequestHandler {
  return forSignedIn(page, DELETE, ({ res, signedIn }) => renderDelete(res, page, signedIn));
}

/** POST /account/delete from the form, which asks for the password however lately it was given. */
export function submitDelete(page: DeleteAccountPage): RequestHandler {
  return forSignedIn(page, DELETE, async ({ req, res, caller, signedIn }) => {
    requireOwnForm(page, req, signedIn, DELETE);
    const result = await page.procedures.deleteAccount.run({ password: req.body.password ?? "" }, caller);
    if (result.ok) return goTo(res, leftPath(result.value.deletesAt));
    if (result.error.code === "not_signed_in") return goToSignIn(res, DELETE);
    renderDelete(res, page, signedIn, explainOwnPassword(res, result.error, "password"));
  });
}

/** Where whoever signed in to an account that is to be deleted is asked whether to keep it, before they go on. */
export function keepPath(next: string | undefined): string {
  return next === undefined ? KEEP : `${KEEP}?${new URLSearchParams({ next })}`;
}

/** GET /account/keep. */
export function showKeep(page: DeleteAccountPage): RequestHandler {
  return forSignedIn(page, KEEP, ({ req, res, signedIn }) => {
    if (!signedIn.deletesAt) return goTo(res, ACCOUNT);
    const { scripts, ...common } = privatePage(page, signedIn);
    res.render("pages/account/keep", {
      ...common,
      scripts: [...scripts, "times.js"],
      title: languageOf(res).text("keep.title"),
      form: page.formTokens.of(signedIn.handle, KEEP),
      deletesAt: new Date(signedIn.deletesAt),
      next: nextOf(req, req.query["next"]),
    });
  });
}

/** POST /account/keep from the form. */
export function submitKeep(page: DeleteAccountPage): RequestHandler {
  return forSignedIn(page, KEEP, async ({ req, res, caller, signedIn }) => {
    requireOwnForm(page, req, signedIn, KEEP);
    const result = await page.procedures.keepAccount.run(undefined, caller);
    if (!result.ok) return goToSignIn(res, KEEP);
    const next = nextOf(req, req.body.next);
    // The account's own page says what came of it.
    goOn(res, next === pathOf(res, ACCOUNT) ? undefined : next, `${ACCOUNT}?done=kept`);
  });
}
