import type { RequestHandler, Response } from "express";
import { goTo, goToSignIn } from "./go-to.ts";
import { explainOwnPassword, fieldError, type PageRefusal } from "./refusal-page.ts";
import { type AccountPage, forSignedIn, privatePage, requireOwnForm, type SignedIn } from "./signed-in.ts";
import { pageTitle } from "./title.ts";
import { typedAddress } from "./typed.ts";

const PAGE = "/account/email";

function render(res: Response, page: AccountPage, signedIn: SignedIn, email?: unknown, refusal?: PageRefusal) {
  const { scripts, ...common } = privatePage(page, signedIn);
  res.render("pages/email-change/form", {
    ...common,
    scripts: [...scripts, "passwords.js"],
    title: pageTitle(res, "email_change.title", refusal),
    form: page.formTokens.of(signedIn.handle, PAGE),
    email: { value: typedAddress(email), error: fieldError("email", refusal) },
    password: { error: fieldError("password", refusal) },
    refusal,
  });
}

/** GET /account/email. */
export function showEmailChange(page: AccountPage): RequestHandler {
  return forSignedIn(page, PAGE, ({ res, signedIn }) => render(res, page, signedIn));
}

/** POST /account/email from the form, which asks for the password however lately it was given. */
export function submitEmailChange(page: AccountPage): RequestHandler {
  return forSignedIn(page, PAGE, async ({ req, res, caller, signedIn }) => {
    requireOwnForm(page, req, signedIn, PAGE);
    const { email, password = "" } = req.body;
    const result = await page.procedures.requestEmailChange.run({ email, password }, caller);
    if (result.ok) return goTo(res, "/account?done=email");
    if (result.error.code === "not_signed_in") return goToSignIn(res, PAGE);
    render(res, page, signedIn, email, explainOwnPassword(res, result.error, "password"));
  });
}
