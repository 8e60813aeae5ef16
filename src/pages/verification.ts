import type { Request, RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import type { Caller } from "../service/caller.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import { PASSWORD_MAX_LENGTH } from "../service/identity/password.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Refusal } from "../service/refusal.ts";
import type { VerifyAndSignIn } from "../service/sessions/verify-and-sign-in.ts";
import type { ServiceSettings } from "../service/settings.ts";
import type { DescribeLink, VerificationLink } from "../service/verification/link.ts";
import { showRefusal } from "./fault.ts";
import { goTo } from "./go-to.ts";
import { rawQuery, typedToken } from "./link.ts";
import { onwardOf } from "./onward.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { findSignedIn, TERMS } from "./signed-in.ts";
import { pageTitle } from "./title.ts";
import { typedAddress, typedText } from "./typed.ts";

export type VerificationPage = {
  procedures: Procedures;
  describeLink: DescribeLink;
  verifyAndSignIn: VerifyAndSignIn;
  settings: ServiceSettings;
};

type Typed = { code?: unknown; email?: unknown };

function renderForms(res: Response, { code, email }: Typed, refusal?: PageRefusal, sent = false) {
  res.render("pages/verification/forms", {
    title: pageTitle(res, "verify.title", refusal),
    code: { value: typedText(code), error: fieldError("code", refusal) },
    email: { value: typedAddress(email), error: fieldError("email", refusal) },
    refusal,
    sent,
  });
}

function renderRefusedLink(res: Response, refused: Refusal) {
  // The link may be good.
  if ("retryAfterSeconds" in refused) return showRefusal(res, refused);
  const refusal = answerRefusal(res, refused);
  res.render("pages/verification/link-refused", {
    title: pageTitle(res, "verify.refused.title", refusal),
    refusal,
    email: {},
  });
}

/** GET /verified, and a link that was used before: who finds that one is signed in only if they were before. */
export function showVerified({ procedures }: VerificationPage): RequestHandler {
  return async (req, res) => {
    const signedIn = await findSignedIn(procedures, callerOf(req, res));
    const title = languageOf(res).text("verified.title");
    if (!signedIn.ok || !signedIn.value) return res.render("pages/verification/verified", { title });
    if (signedIn.value.termsDue) return goTo(res, TERMS);
    const address = readableAddress(signedIn.value.email);
    res.render("pages/verification/verified", { title, scripts: ["private.js"], address, onward: onwardOf(res) });
  };
}

function renderLink(
  res: Response,
  { settings }: VerificationPage,
  { email, signedUpAt, ...link }: VerificationLink,
  refusal?: PageRefusal,
) {
  // The URL contains the token. With a stricter policy Chromium would send our own form with `Origin: null`.
  res.set("Referrer-Policy", "strict-origin");
  res.render("pages/verification/link", {
    ...link,
    title: pageTitle(res, "verify.title", refusal),
    scripts: link.needsPassword ? ["times.js", "passwords.js"] : ["times.js"],
    address: readableAddress(email),
    signedUpAt,
    password: { error: fieldError("password", refusal) },
    newPassword: {
      minLength: settings.passwordMinLength,
      maxLength: PASSWORD_MAX_LENGTH,
      error: fieldError("newPassword", refusal),
    },
    refusal,
  });
}

/** GET /verify: shows the forms of a link or of a code. It changes nothing, because mail scanners follow links. */
export function showVerification(page: VerificationPage): RequestHandler {
  return async (req, res, next) => {
    const query = rawQuery(req);
    const link = await page.describeLink(query, callerOf(req, res));
    // Where the link's name is lost, its token may still be there.
    if (!link.ok && !/token/i.test(query)) return renderForms(res, {}, undefined, "sent" in req.query);
    if (!link.ok) return renderRefusedLink(res.set("Referrer-Policy", "strict-origin"), link.error);
    if (link.value.alreadyVerified) return showVerified(page)(req, res.set("Referrer-Policy", "strict-origin"), next);
    renderLink(res, page, link.value);
  };
}

/** A password that is refused leaves the link as it was, so its page is shown again. */
async function refuseLink(req: Request, res: Response, page: VerificationPage, caller: Caller, refused: Refusal) {
  const link = await page.describeLink(`token=${typedToken(req)}`, caller);
  if (!link.ok || link.value.alreadyVerified) return renderRefusedLink(res, refused);
  renderLink(res, page, { ...link.value, needsPassword: true }, answerRefusal(res, refused));
}

/** POST /verify from the page of a link, or with a code. */
export function submitVerification(page: VerificationPage): RequestHandler {
  return async (req, res) => {
    const isLink = req.body.token !== undefined;
    const input = isLink ? { ...req.body, token: typedToken(req) } : req.body;
    const caller = callerOf(req, res);
    const result = await page.verifyAndSignIn(input, caller);
    if (result.ok) return goTo(res, "/verified");
    if (isLink) return refuseLink(req, res, page, caller, result.error);
    renderForms(res, req.body, answerRefusal(res, result.error));
  };
}

/** POST /verify/resend from a form. The answer is the same for every address. */
export function submitResend({ resendVerification }: Procedures): RequestHandler {
  return async (req, res) => {
    const result = await resendVerification.run(req.body, callerOf(req, res));
    if (result.ok) return goTo(res, "/verify?sent");
    renderForms(res, req.body, answerRefusal(res, result.error));
  };
}
