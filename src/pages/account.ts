import type { RequestHandler } from "express";
import { languageOf } from "../http/language.ts";
import { type AccountPage, forSignedIn, privatePage } from "./signed-in.ts";

/** What may have been done just before, as the query tells. Each has words in the catalogue. */
const DONE = {
  password: "change_password.done",
  email: "email_change.sent",
  moved: "email_change.done",
  kept: "keep.done",
} as const;

function isDone(done: unknown): done is keyof typeof DONE {
  return typeof done === "string" && Object.hasOwn(DONE, done);
}

/** GET /account. Whoever asked to have it deleted decides first. */
export function showAccount(page: AccountPage): RequestHandler {
  return forSignedIn(page, "/account", ({ req, res, signedIn }) => {
    if (signedIn.deletesAt) return res.redirect(303, "/account/keep");
    const { text } = languageOf(res);
    const { done } = req.query;
    res.render("pages/account/account", {
      ...privatePage(page, signedIn),
      title: text("account.title"),
      done: isDone(done) && text(DONE[done]),
    });
  });
}
