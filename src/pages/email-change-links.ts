import type { RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import type { MessageKey } from "../language/message.ts";
import type { DescribeEmailChange } from "../service/email-change/link.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Refusal } from "../service/refusal.ts";
import { goTo } from "./go-to.ts";
import { rawQuery, typedToken } from "./link.ts";
import { answerRefusal } from "./refusal-page.ts";
import { findSignedIn } from "./signed-in.ts";

export type EmailChangeLinkPage = { procedures: Procedures; describeEmailChange: DescribeEmailChange };

/** The URL contains the token. With a stricter policy Chromium would send our own form with `Origin: null`. */
function withoutReferrer(res: Response) {
  return res.set("Referrer-Policy", "strict-origin");
}

type Which = "confirm" | "undo";

/** What is said otherwise than of other links. */
function noticeOf({ code }: Refusal, which: Which): MessageKey | undefined {
  if (code === "token_used") return "email_change.used";
  if (code === "email_taken") return "email_change.taken";
  if (which === "confirm") return undefined;
  if (code === "token_unknown") return "undo.unknown";
  return code === "token_expired" ? "undo.expired" : undefined;
}

function renderRefused(res: Response, refused: Refusal, which: Which) {
  const { notice } = answerRefusal(withoutReferrer(res), refused);
  const { text } = languageOf(res);
  const key = noticeOf(refused, which);
  // Such as that there were too many attempts: then the link may be used later.
  const isOfLink = key !== undefined || /^token_/.test(refused.code);
  const title = text(isOfLink ? "email_change.refused.title" : `refusal.${refused.code}.title`);
  res.render("pages/email-change/link-refused", {
    title: text("form.title", { title }),
    heading: title,
    notice: key ? text(key) : notice,
    isOfLink,
  });
}

/** GET /account/email/confirm. It changes nothing, because mail scanners follow links. */
export function showConfirm({ describeEmailChange }: EmailChangeLinkPage): RequestHandler {
  return async (req, res) => {
    const link = await describeEmailChange.confirm(rawQuery(req), callerOf(req, res));
    if (!link.ok) return renderRefused(res, link.error, "confirm");
    const { token, email } = link.value;
    withoutReferrer(res).render("pages/email-change/confirm", {
      title: languageOf(res).text("email_change.confirm.title"),
      token,
      address: readableAddress(email),
    });
  };
}

/** POST /account/email/confirm from that page. It signs nobody in. */
export function submitConfirm({ procedures }: EmailChangeLinkPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    const result = await procedures.confirmEmailChange.run({ token: typedToken(req) }, caller);
    if (!result.ok) return renderRefused(res, result.error, "confirm");
    const signedIn = await findSignedIn(procedures, caller);
    const isOwn = signedIn.ok && signedIn.value?.email === result.value.email;
    goTo(res, isOwn ? "/account?done=moved" : "/account/email/confirmed");
  };
}

/** GET /account/email/confirmed, for whoever is not signed in to that account here. */
export const showConfirmed: RequestHandler = (_req, res) => {
  res.render("pages/email-change/confirmed", { title: languageOf(res).text("email_change.confirmed.title") });
};

/** GET /account/email/undo. */
export function showUndo({ describeEmailChange }: EmailChangeLinkPage): RequestHandler {
  return async (req, res) => {
    const link = await describeEmailChange.undo(rawQuery(req), callerOf(req, res));
    if (!link.ok) return renderRefused(res, link.error, "undo");
    const { token, email, isMade } = link.value;
    withoutReferrer(res).render("pages/email-change/undo", {
      title: languageOf(res).text(isMade ? "undo.made.title" : "undo.title"),
      token,
      address: readableAddress(email),
      isMade,
    });
  };
}

/** POST /account/email/undo from that page. */
export function submitUndo({ procedures, describeEmailChange }: EmailChangeLinkPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    const token = typedToken(req);
    const link = await describeEmailChange.undo(`token=${token}`, caller);
    const result = await procedures.undoEmailChange.run({ token }, caller);
    if (!result.ok) return renderRefused(res, result.error, "undo");
    goTo(res, link.ok && link.value.isMade ? "/account/email/undone?back" : "/account/email/undone");
  };
}

/** GET /account/email/undone. */
export const showUndone: RequestHandler = (req, res) => {
  const isBack = "back" in req.query;
  const title = languageOf(res).text(isBack ? "undone.back.title" : "undone.title");
  res.render("pages/email-change/undone", { title, isBack });
};
