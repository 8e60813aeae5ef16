import type { RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import { PASSWORD_MAX_LENGTH } from "../service/identity/password.ts";
import type { Refusal } from "../service/refusal.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { showRefusal } from "./fault.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { signInPath } from "./sign-in.ts";
import { type AccountPage, findSignedIn, privatePage, requireOwnForm, type SignedIn } from "./signed-in.ts";
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
  return async (req, res) => {
    const signedIn = await findSignedIn(page.procedures, callerOf(req, res));
    if (!signedIn.ok) return showRefusal(res, signedIn.error);
    if (!signedIn.value) return res.redirect(303, signInPath(PAGE));
    render(res, page, signedIn.value);
  };
}

/** Who is signed in is known, so that the field may be named. */
function explain(res: Response, refused: Refusal): PageRefusal {
  const refusal = answerRefusal(res, refused);
  // The back button shows no private page, and whoever goes back to this one is asked for the passwords again.
  res.set("Cache-Control", "no-store");
  if (refused.code !== "invalid_credentials") return refusal;
  return { fields: [{ field: "currentPassword", message: languageOf(res).text("change_password.wrong") }] };
}

/** POST /account/password from the form. */
export function submitChangePassword(page: ChangePasswordPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    const signedIn = await findSignedIn(page.procedures, caller);
    if (!signedIn.ok) return showRefusal(res, signedIn.error);
    if (!signedIn.value) return res.redirect(303, signInPath(PAGE));
    requireOwnForm(page, req, signedIn.value, PAGE);
    const result = await page.procedures.changePassword.run(req.body, caller);
    if (result.ok) return res.redirect(303, "/account?changed");
    if (result.error.code === "not_signed_in") return res.redirect(303, signInPath(PAGE));
    render(res, page, signedIn.value, explain(res, result.error));
  };
}
