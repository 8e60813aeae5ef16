import { parse as parseForm } from "node:querystring";
import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { isHttpError } from "http-errors";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import type { MessageKey } from "../language/message.ts";
import { ADDRESS_OCTETS } from "../service/identity/email-address.ts";
import { PASSWORD_MAX_LENGTH } from "../service/identity/password.ts";
import type { Procedures } from "../service/procedures.ts";
import type { ServiceSettings } from "../service/settings.ts";
import type { BotDetection } from "./bot-detection.ts";
import { goTo } from "./go-to.ts";
import { keepForHistory } from "./history.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { termsView } from "./terms.ts";
import { pageTitle } from "./title.ts";
import { typedAddress } from "./typed.ts";

export type RegistrationPage = { procedures: Procedures; settings: ServiceSettings; botDetection: BotDetection };

type Typed = { email?: unknown; termsVersion?: unknown };

function render(res: Response, { settings, botDetection }: RegistrationPage, typed: Typed, refusal?: PageRefusal) {
  if (!settings.policy.open) {
    return res.render("pages/registration/closed", { title: languageOf(res).text("registration.closed.title") });
  }
  res.render("pages/registration/form", {
    title: pageTitle(res, "registration.title", refusal),
    scripts: ["passwords.js"],
    email: { value: typedAddress(typed.email), error: fieldError("email", refusal) },
    password: {
      minLength: settings.passwordMinLength,
      maxLength: PASSWORD_MAX_LENGTH,
      error: fieldError("password", refusal),
    },
    terms: termsView(settings.terms, typed.termsVersion, refusal),
    bot: botDetection.fields(),
    refusal,
  });
}

export function showRegistration(page: RegistrationPage): RequestHandler {
  return (_req, res) => render(res, page, {});
}

/** POST /register: a redirect to /welcome, or the form with errors and all that was typed but the password. */
export function submitRegistration(page: RegistrationPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    if (page.botDetection.isBot(req.body, res)) return goTo(res, "/welcome");
    await page.botDetection.delay(req.body, res, caller.signal);
    if (caller.signal.aborted) return;
    const result = await page.procedures.register.run(req.body, caller);
    if (result.ok) return goTo(res, "/welcome");
    render(res, page, req.body, answerRefusal(res, result.error));
  };
}

/** Answers a form that was too large with the form itself, so that the e-mail address is not lost. */
export function refuseLargeForm(page: RegistrationPage): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (!isHttpError(error) || error.status !== 413 || !Buffer.isBuffer(error["body"])) return next(error);
    // It looks no further than at the first thousand fields.
    const typed = parseForm(error["body"].toString());
    const email = typedAddress(typed["email"]);
    const [field, key, max] =
      email.length > ADDRESS_OCTETS
        ? (["email", "email.too_long", ADDRESS_OCTETS] as const)
        : (["password", "password.far_too_long", PASSWORD_MAX_LENGTH] as const);
    const message = languageOf(res).text(key satisfies MessageKey, { max });
    render(keepForHistory(res).status(error.status), page, typed, { fields: [{ field, message }] });
  };
}

/** The redirect to this page makes browsers offer to save the password. */
export const showWelcome: RequestHandler = (_req, res) => {
  res.render("pages/registration/welcome", { title: languageOf(res).text("welcome.title"), code: {} });
};
