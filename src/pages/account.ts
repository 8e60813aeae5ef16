import type { RequestHandler } from "express";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import { showRefusal } from "./fault.ts";
import { signInPath } from "./sign-in.ts";
import { type AccountPage, findSignedIn, privatePage } from "./signed-in.ts";

/** GET /account. */
export function showAccount(page: AccountPage): RequestHandler {
  return async (req, res) => {
    const signedIn = await findSignedIn(page.procedures, callerOf(req, res));
    if (!signedIn.ok) return showRefusal(res, signedIn.error);
    if (!signedIn.value) return res.redirect(303, signInPath("/account"));
    res.render("pages/sessions/account", {
      ...privatePage(page, signedIn.value),
      title: languageOf(res).text("account.title"),
      isChanged: "changed" in req.query,
    });
  };
}
