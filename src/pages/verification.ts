import type { Request, RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Refusal } from "../service/refusal.ts";
import type { DescribeLink } from "../service/verification/link.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { pageTitle } from "./title.ts";
import { typedAddress, typedText } from "./typed.ts";

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
  const refusal = answerRefusal(res, refused);
  res.render("pages/verification/link-refused", {
    title: pageTitle(res, "verify.refused.title", refusal),
    refusal,
    email: {},
  });
}

export const showVerified: RequestHandler = (_req, res) => {
  res.render("pages/verification/verified", { title: languageOf(res).text("verified.title") });
};

/** The raw query, because the service separates the token from what mail programs append to links. */
function rawQuery(req: Request) {
  return req.url.slice(req.url.indexOf("?") + 1);
}

/** The path of a link whose `?` was escaped, or that has white space before it. */
const DAMAGED_PATH = /^\/verify(?:%(?:25)*(?:0[9ad]|20))*(?:\?|%(?:25)*3f)/i;

/** Has GET /verify take the links with a damaged path. */
export const mendLink: RequestHandler = (req, _res, next) => {
  if (req.method === "GET" || req.method === "HEAD") req.url = req.url.replace(DAMAGED_PATH, "/verify?");
  next();
};

/** GET /verify: shows a button or the form for a code. It changes nothing, because mail scanners follow links. */
export function showVerification(describeLink: DescribeLink): RequestHandler {
  return async (req, res, next) => {
    const query = rawQuery(req);
    const link = await describeLink(query, callerOf(req, res));
    // Where the link's name is lost, its token may still be there.
    if (!link.ok && !/token/i.test(query)) return renderForms(res, {}, undefined, "sent" in req.query);
    // The URL contains the token. With a stricter policy Chromium would send our own form with `Origin: null`.
    res.set("Referrer-Policy", "strict-origin");
    if (!link.ok) return renderRefusedLink(res, link.error);
    const { token, email, signedUpAt, alreadyVerified, hasCompetingSignUps } = link.value;
    if (alreadyVerified) return showVerified(req, res, next);
    const language = languageOf(res);
    res.render("pages/verification/link", {
      title: language.text("verify.title"),
      address: readableAddress(email),
      signedUpAt: language.time(signedUpAt),
      hasCompetingSignUps,
      token,
    });
  };
}

export function submitVerification({ verifyEmail }: Procedures): RequestHandler {
  return async (req, res) => {
    const { token, ...others } = req.body;
    const input = token === undefined ? others : { token: Array.isArray(token) ? token.join("&") : token };
    const result = await verifyEmail.run(input, callerOf(req, res));
    if (result.ok) return res.redirect(303, "/verified");
    if (token !== undefined) return renderRefusedLink(res, result.error);
    renderForms(res, req.body, answerRefusal(res, result.error));
  };
}

/** POST /verify/resend from a form. The answer is the same for every address. */
export function submitResend({ resendVerification }: Procedures): RequestHandler {
  return async (req, res) => {
    const result = await resendVerification.run(req.body, callerOf(req, res));
    if (result.ok) return res.redirect(303, "/verify?sent");
    renderForms(res, req.body, answerRefusal(res, result.error));
  };
}
