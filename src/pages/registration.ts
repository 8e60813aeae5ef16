import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { isHttpError } from "http-errors";
import { callerOf } from "../http/caller.ts";
import { refusalHeaders } from "../http/refusal-headers.ts";
import type { FieldError } from "../service/errors.ts";
import { PASSWORD_MAX_LENGTH } from "../service/password.ts";
import type { Service } from "../service/service.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { type Answer, answerTo, answerToTooLarge } from "./answers.ts";
import { keepForHistory } from "./history.ts";
import type { RobotTrap } from "./robot-trap.ts";
import { typedAddress } from "./typed.ts";

export type RegistrationPage = { service: Service; settings: ServiceSettings; trap: RobotTrap };

type Shown = { email: string; answer?: Answer };

function errorOf(field: FieldError["field"], answer: Answer | undefined) {
  return answer?.fields.find((error) => error.field === field)?.message;
}

function render(res: Response, { settings, trap }: RegistrationPage, { email, answer }: Shown) {
  keepForHistory(res);
  if (!settings.policy.open) return res.render("pages/registration-closed", { title: "Registration is closed" });
  res.render("pages/registration", {
    title: answer ? "Error: create your account" : "Create your account",
    script: "registration.js",
    email: { value: email, error: errorOf("email", answer) },
    password: { minLength: settings.passwordMinLength, maxLength: PASSWORD_MAX_LENGTH, error: errorOf("password", answer) },
    trap: trap.fields(),
    answer,
  });
}

/** GET /register: the empty form. */
export function registrationForm(page: RegistrationPage): RequestHandler {
  return (_req, res) => render(res, page, { email: "" });
}

/** POST /register from the form: on to the next page, or the form again with what to do, and all but the password kept. */
export function register(page: RegistrationPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    if (page.trap.catches(req.body, res)) return res.redirect(303, "/welcome");
    await page.trap.delay(req.body, res, caller.gone);
    if (caller.gone.aborted) return;
    const result = await page.service.register(req.body, caller);
    if (result.ok) return res.redirect(303, "/welcome");
    const answer = answerTo(result.error);
    const email = typedAddress(req.body.email);
    render(res.status(answer.status).set(refusalHeaders(result.error)), page, { email, answer });
  };
}

/** After POST /register with a form that was too large: the form again, not a page on which what was typed is lost. */
export function formTooLarge(page: RegistrationPage): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (!isHttpError(error) || error.status !== 413 || !Buffer.isBuffer(error["body"])) return next(error);
    const email = typedAddress(new URLSearchParams(error["body"].toString()).get("email"));
    const answer = answerToTooLarge(email);
    render(res.status(answer.status), page, { email, answer });
  };
}

/** GET /welcome: where someone arrives who signed up. A page of its own, so that browsers offer to keep the password. */
export const welcome: RequestHandler = (_req, res) => {
  res.render("pages/welcome", { title: "Check your email" });
};
