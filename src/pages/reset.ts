import type { RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import { PASSWORD_MAX_LENGTH } from "../service/identity/password.ts";
import type { DescribeReset } from "../service/password/reset.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Refusal } from "../service/refusal.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { showRefusal } from "./fault.ts";
import { goTo } from "./go-to.ts";
import { rawQuery, typedToken } from "./link.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { pageTitle } from "./title.ts";
import { typedAddress } from "./typed.ts";

export type ResetPage = { procedures: Procedures; describeReset: DescribeReset; settings: ServiceSettings };

function renderRequest(res: Response, email: unknown, shown: { refusal?: PageRefusal; sent?: boolean }) {
  res.render("pages/password/request", {
    ...shown,
    title: pageTitle(res, "reset.request.title", shown.refusal),
    email: { value: typedAddress(email), error: fieldError("email", shown.refusal) },
  });
}

type Link = { token: string; email: string };

function renderForm(res: Response, { settings }: ResetPage, { token, email }: Link, refusal?: PageRefusal) {
  // The URL contains the token. With a stricter policy Chromium would send our own form with `Origin: null`.
  res.set("Referrer-Policy", "strict-origin").render("pages/password/reset", {
    title: pageTitle(res, "reset.title", refusal),
    scripts: ["passwords.js"],
    token,
    address: readableAddress(email),
    password: {
      minLength: settings.passwordMinLength,
      maxLength: PASSWORD_MAX_LENGTH,
      error: fieldError("password", refusal),
    },
    refusal,
  });
}

function renderRefusedLink(res: Response, refused: Refusal) {
  // The link may be good.
  if ("retryAfterSeconds" in refused) return showRefusal(res, refused);
  const refusal = answerRefusal(res.set("Referrer-Policy", "strict-origin"), refused);
  res.render("pages/password/link-refused", {
    title: pageTitle(res, "reset.refused.title", refusal),
    refusal,
    email: {},
  });
}

/** GET /reset: the form of a link, or the one that asks for a link. It changes nothing, because scanners follow links. */
export function showReset(page: ResetPage): RequestHandler {
  return async (req, res) => {
    const query = rawQuery(req);
    const link = await page.describeReset(query, callerOf(req, res));
    if (link.ok) return renderForm(res, page, link.value);
    // Where the link's name is lost, its token may still be there.
    if (!/token/i.test(query)) return renderRequest(res, undefined, { sent: "sent" in req.query });
    renderRefusedLink(res, link.error);
  };
}

/** POST /reset from a form. The answer is the same for every address. */
export function submitResetRequest({ procedures }: ResetPage): RequestHandler {
  return async (req, res) => {
    const result = await procedures.requestPasswordReset.run(req.body, callerOf(req, res));
    if (result.ok) return goTo(res, "/reset?sent");
    renderRequest(res, req.body.email, { refusal: answerRefusal(res, result.error) });
  };
}

/** POST /reset/confirm from the page of a link. A password that is refused leaves the link as it was. */
export function submitReset(page: ResetPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    const token = typedToken(req);
    const result = await page.procedures.resetPassword.run({ ...req.body, token }, caller);
    if (result.ok) return goTo(res, "/sign-in?reset");
    const link = await page.describeReset(`token=${token}`, caller);
    if (!link.ok) return renderRefusedLink(res, link.error);
    renderForm(res, page, link.value, answerRefusal(res, result.error));
  };
}
