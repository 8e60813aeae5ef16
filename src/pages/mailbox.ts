import { BlockList } from "node:net";
import { type Request, type RequestHandler, Router } from "express";
import createError from "http-errors";
import { readableAddress } from "../service/email-address.ts";

/** A mail as it would have been sent. */
export type ShownMail = { number: number; sentAt: Date; to: string; subject: string; text: string; html: string };

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/** HTTP/1.0 is what a proxy speaks that was told nothing else (nginx does); no browser has for long. */
function isFromThisMachine({ socket, headers, httpVersion }: Request) {
  const { remoteAddress = "" } = socket;
  const isLoopback = LOOPBACK.check(remoteAddress, remoteAddress.includes(":") ? "ipv6" : "ipv4");
  const isForwarded = ["x-forwarded-for", "forwarded", "via"].some((name) => name in headers);
  // The name too: a page elsewhere may have its own name lead here.
  return isLoopback && !isForwarded && httpVersion !== "1.0" && LOOPBACK_HOST.test(headers.host ?? "");
}

/** Whoever reads the mails has the accounts, so none but this machine's own browser sees them. */
const onlyThisMachine: RequestHandler = (req, _res, next) => next(isFromThisMachine(req) ? undefined : createError(404));

/** With its address as its owner would write it. */
function shown(mail: ShownMail): ShownMail {
  return { ...mail, to: readableAddress(mail.to) };
}

/** What a mail looks like must not depend on our styles, nor may it do anything. */
const MAIL_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox allow-same-origin";

/** GET /mailbox: while developing, the mails that would have been sent. */
export function mailbox(mails: () => readonly ShownMail[]): Router {
  const router = Router();
  const find = (req: Request) => {
    const mail = mails().find(({ number }) => String(number) === req.params["number"]);
    if (!mail) throw createError(404);
    return mail;
  };
  router.use("/mailbox", onlyThisMachine);
  router.get("/mailbox", (_req, res) => {
    res.render("pages/mailbox", { title: "Mailbox", mails: mails().map(shown) });
  });
  router.get("/mailbox/:number", (req, res) => {
    const mail = find(req);
    const parts = mail.text.split(/(https?:\/\/\S+)/).map((text, n) => ({ text, isLink: n % 2 === 1 }));
    res.render("pages/mail", { title: mail.subject, mail: shown(mail), parts });
  });
  router.get("/mailbox/:number/html", (req, res) => {
    res.set("Content-Security-Policy", MAIL_POLICY).type("html").send(find(req).html);
  });
  return router;
}
