import { type Request, Router } from "express";
import createError from "http-errors";
import { languageOf } from "../http/language.ts";
import { onlyThisMachine } from "../http/this-machine.ts";
import { readableAddress } from "../service/identity/email-address.ts";

export type DevEmail = {
  number: number;
  sentAt: Date;
  from: { name: string; address: string };
  to: string;
  subject: string;
  text: string;
  html: string;
};

function toView({ from, to, ...email }: DevEmail) {
  const sender = from.name ? `${from.name} <${from.address}>` : from.address;
  return { ...email, from: sender, to: readableAddress(to) };
}

/** The email gets none of our styles, as in a mail program, and may run nothing. */
const EMAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-same-origin";

/** GET /mailbox: the emails that would have been sent, during development. */
export function devMailbox(emails: () => readonly DevEmail[]): Router {
  const router = Router();
  const find = (req: Request) => {
    const email = emails().find(({ number }) => String(number) === req.params["number"]);
    if (!email) throw createError(404);
    return email;
  };
  // Reading the emails gives access to the accounts.
  router.use("/mailbox", onlyThisMachine);
  router.get("/mailbox", (_req, res) => {
    res.render("pages/mailbox/list", { title: languageOf(res).text("mailbox.title"), emails: emails().map(toView) });
  });
  router.get("/mailbox/:number", (req, res) => {
    const email = find(req);
    const parts = email.text.split(/(https?:\/\/\S+)/).map((text, n) => ({ text, isLink: n % 2 === 1 }));
    res.render("pages/mailbox/email", { title: email.subject, email: toView(email), parts });
  });
  router.get("/mailbox/:number/html", (req, res) => {
    res.set("Content-Security-Policy", EMAIL_POLICY).type("html").send(find(req).html);
  });
  return router;
}
