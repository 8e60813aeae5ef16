import { BlockList } from "node:net";
import { type Request, type RequestHandler, Router } from "express";
import createError from "http-errors";
import { languageOf } from "../http/language.ts";
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

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/** HTTP/1.0 is a sign of a proxy: nginx uses it by default, and no browser does. */
function isFromThisMachine({ socket, headers, httpVersion }: Request) {
  const { remoteAddress = "" } = socket;
  const isLoopback = LOOPBACK.check(remoteAddress, remoteAddress.includes(":") ? "ipv6" : "ipv4");
  const isForwarded = ["x-forwarded-for", "forwarded", "via"].some((name) => name in headers);
  // The Host header too, against DNS rebinding.
  return isLoopback && !isForwarded && httpVersion !== "1.0" && LOOPBACK_HOST.test(headers.host ?? "");
}

/** Reading the emails gives access to the accounts, so only browsers on this machine may. */
const onlyThisMachine: RequestHandler = (req, _res, next) =>
  next(isFromThisMachine(req) ? undefined : createError(404));

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
