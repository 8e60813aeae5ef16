import type { RequestHandler, Response } from "express";
import { PASSWORD_MAX_LENGTH } from "../service/identity/password.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { goTo, goToSignIn } from "./go-to.ts";
import { explainOwnPassword, fieldError, type PageRefusal } from "./refusal-page.ts";
import { type AccountPage, forSignedIn, privatePage, requireOwnForm, type SignedIn } from "./signed-in.ts";
import { pageTitle } from "./title.ts";

const PAGE = "/account/password";

export type ChangePasswordPage = AccountPage & { settings: ServiceSettings };

function render(res: Response, page: ChangePasswordPage, signedIn: SignedIn, refusal?: PageRefusal) {
  const { scripts, ...common } = privatePage(page, signedIn);
  res.render("pages/password/change", {
    ...common,
    scripts: [...scripts, "passwords.js"],
    title: pageTitle(res, "change_password.title", refusal),
    form: page.formTokens.of(signedIn.handle, PAGE),
    currentPassword: { error: fieldError("currentPassword", refusal) },
    password: {
      minLength: page.settings.passwordMinLength,
      maxLength: PASSWORD_MAX_LENGTH,
      error: fieldError("password", refusal),
    },
    refusal,
  });
}

/** GET /account/password. */
export function showChangePassword(page: ChangePasswordPage): RequestHandler {
  return forSignedIn(page, PAGE, ({ res, signedIn }) => render(res, page, signedIn));
}

/** POST /account/password from the form. */
export function submitChangePassword(page: ChangePasswordPage): RequestHandler {
  return forSignedIn(page, PAGE, async ({ req, res, caller, signedIn }) => {
    requireOwnForm(page, req, signedIn, PAGE);
    const result = await page.procedures.changePassword.run(req.body, caller);
    if (result.ok) return goTo(res, "/account?done=password");
    if (result.error.code === "not_signed_in") return goToSignIn(res, PAGE);
    render(res, page, signedIn, explainOwnPassword(res, result.error, "currentPassword"));
  });
}
