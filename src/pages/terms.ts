import type { RequestHandler, Response } from "express";
import { nextOf } from "../http/next.ts";
import type { Terms } from "../service/identity/terms.ts";
import { goOn, goTo, goToSignIn } from "./go-to.ts";
import { onwardOf } from "./onward.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { type AccountPage, forSignedIn, privatePage, requireOwnForm, type SignedIn, TERMS } from "./signed-in.ts";
import { pageTitle } from "./title.ts";

const HOME = "/account";

/** What the field for terms shows. @param ticked the version that was sent, which stays ticked where it still counts. */
export function termsView(terms: Terms | undefined, ticked?: unknown, refusal?: PageRefusal) {
  if (!terms) return undefined;
  return { ...terms, isAccepted: ticked === terms.version, error: fieldError("termsVersion", refusal) };
}

/** Where whoever is to agree to terms does so, before they go on. */
export function termsPath(next: string | undefined): string {
  return next === undefined ? TERMS : `${TERMS}?${new URLSearchParams({ next })}`;
}

function render(res: Response, page: AccountPage, signedIn: SignedIn, next: string | undefined, refusal?: PageRefusal) {
  // Who does not agree signs out below the form, so not in the head too.
  const { signOutToken: leaveToken, ...common } = privatePage(page, signedIn);
  res.render("pages/terms/accept", {
    ...common,
    leaveToken,
    title: pageTitle(res, "terms.title", refusal),
    form: page.formTokens.of(signedIn.handle, TERMS),
    terms: termsView(signedIn.termsDue, undefined, refusal),
    next,
    refusal,
  });
}

/** GET /account/terms. Who has nothing to agree to goes on. */
export function showTerms(page: AccountPage): RequestHandler {
  return forSignedIn(page, TERMS, ({ req, res, signedIn }) => {
    const next = nextOf(req, req.query["next"]);
    if (!signedIn.termsDue) return goOn(res, next ?? onwardOf(res)?.url, HOME);
    render(res, page, signedIn, next);
  });
}

/** POST /account/terms from the form. */
export function submitTerms(page: AccountPage): RequestHandler {
  return forSignedIn(page, TERMS, async ({ req, res, caller, signedIn }) => {
    requireOwnForm(page, req, signedIn, TERMS);
    const { termsVersion } = req.body;
    const result = await page.procedures.acceptTerms.run({ termsVersion }, caller);
    const next = nextOf(req, req.body.next);
    if (result.ok && result.value.deletesAt) return goTo(res, HOME);
    if (result.ok) return goOn(res, next ?? onwardOf(res)?.url, HOME);
    if (result.error.code === "not_signed_in") return goToSignIn(res, TERMS);
    render(res, page, signedIn, next, answerRefusal(res, result.error));
  });
}
