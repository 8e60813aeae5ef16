import type { Request, RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { refusalHeaders } from "../http/refusal-headers.ts";
import { readableAddress } from "../service/email-address.ts";
import type { ServiceError } from "../service/errors.ts";
import type { Service } from "../service/service.ts";
import { answerTo } from "./answers.ts";
import { keepForHistory } from "./history.ts";
import { typedAddress, typedText } from "./typed.ts";

type Typed = { code?: unknown; email?: unknown };

/** The page to enter a code, or to ask for a new mail; with an error where one of the two was refused. */
function renderForms(res: Response, error?: ServiceError, { code, email }: Typed = {}) {
  const answer = error && answerTo(error);
  if (error && answer) keepForHistory(res).status(answer.status).set(refusalHeaders(error));
  const reason = (field: string) => answer?.fields.find((one) => one.field === field)?.message;
  res.render("pages/verification", {
    title: answer ? "Error: confirm your email address" : "Confirm your email address",
    code: { value: typedText(code), error: reason("code") },
    email: { value: typedAddress(email), error: reason("email") },
    answer,
  });
}

/** A link that confirms nothing: why, and how to get a new one. */
function renderRefusedLink(res: Response, error: ServiceError) {
  const { status, notice } = answerTo(error);
  keepForHistory(res).status(status).set(refusalHeaders(error));
  res.render("pages/link-refused", { title: "Error: this link cannot be used", notice, email: {} });
}

const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" });

/** As it came: what stuck to a link on its way is for the service to tell from the token. */
function queryOf(req: Request) {
  return req.originalUrl.slice(req.originalUrl.indexOf("?") + 1);
}

/**
 * GET /verify: with a token, the page whose one button confirms; without, the form for the code. It changes nothing: mail
 * scanners follow links.
 */
export function verification(service: Service): RequestHandler {
  return async (req, res) => {
    if (!Object.keys(req.query).some((name) => /token/i.test(name)))
      return res.render("pages/verification", { title: "Confirm your email address", sent: "sent" in req.query, code: {}, email: {} });
    // The page's own address holds the token. Any stricter, and Chromium would send our own form with `Origin: null`.
    res.set("Referrer-Policy", "strict-origin");
    const link = await service.readLink(queryOf(req), callerOf(req, res));
    if (!link.ok) return renderRefusedLink(res, link.error);
    const { token, email, signedUpAt, done, others } = link.value;
    if (done) return renderVerified(res);
    res.render("pages/link", {
      title: "Confirm your email address",
      email: readableAddress(email),
      signedUpAt: TIME.format(signedUpAt),
      others,
      token,
    });
  };
}

function renderVerified(res: Response) {
  res.render("pages/verified", { title: "Your email address is confirmed" });
}

/** POST /verify from a form with a token or a code: on to the next page, or what to do. */
export function verifyEmail(service: Service): RequestHandler {
  return async (req, res) => {
    const { token, ...others } = req.body;
    const input = token === undefined ? others : { token: Array.isArray(token) ? token.join("&") : token };
    const result = await service.verifyEmail(input, callerOf(req, res));
    if (result.ok) return res.redirect(303, "/verified");
    return token === undefined ? renderForms(res, result.error, req.body) : renderRefusedLink(res, result.error);
  };
}

/** POST /verify/resend from a form: the same for every address. */
export function resendVerification(service: Service): RequestHandler {
  return async (req, res) => {
    const result = await service.resendVerification(req.body, callerOf(req, res));
    return result.ok ? res.redirect(303, "/verify?sent") : renderForms(res, result.error, req.body);
  };
}

/** GET /verified: where someone arrives who confirmed. */
export const verified: RequestHandler = (_req, res) => renderVerified(res);
