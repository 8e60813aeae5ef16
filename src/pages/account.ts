import type { RequestHandler } from "express";
import { languageOf } from "../http/language.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { EmailChangeLinkPage } from "./email-change-links.ts";
import { showRefusal } from "./fault.ts";
import { onwardOf } from "./onward.ts";
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

/** GET /account. */
export function showAccount(page: AccountPage & EmailChangeLinkPage): RequestHandler {
  return forSignedIn(page, "/account", async ({ req, res, caller, signedIn }) => {
    const pending = await page.describeEmailChange.pending(caller);
    const { text } = languageOf(res);
    const { done } = req.query;
    res.render("pages/account/account", {
      ...privatePage(page, signedIn),
      title: text("account.title"),
      onward: onwardOf(res),
      pending: pending.ok && pending.value && readableAddress(pending.value),
      done: isDone(done) && text(DONE[done]),
    });
  });
}

/** GET /account/export for people: a file. Programs have it as JSON. */
export function downloadExport(page: AccountPage): RequestHandler {
  const download = forSignedIn(page, "/account", async ({ res, caller }) => {
    const exported = await page.procedures.exportAccount.run(undefined, caller);
    if (!exported.ok) return showRefusal(res, exported.error);
    res.attachment("account.json").send(`${JSON.stringify(exported.value, undefined, 2)}\n`);
  });
  return (req, res, next) => (req.accepts(["json", "html"]) === "html" ? download(req, res, next) : next());
}
