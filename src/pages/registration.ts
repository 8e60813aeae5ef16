import type { ErrorRequestHandler, RequestHandler, Response } from "express";
import { isHttpError } from "http-errors";
import { callerOf } from "../http/caller.ts";
import type { FieldError } from "../service/errors.ts";
import type { Service } from "../service/service.ts";
import { type Answer, answerTo, TOO_LARGE } from "./answers.ts";

type Form = { email: string; passwordMinLength: number; answer?: Answer };

function errorOf(field: FieldError["field"], answer: Answer | undefined) {
  return answer?.fields.find((error) => error.field === field)?.message;
}

function render(res: Response, { email, passwordMinLength, answer }: Form) {
  res.render("pages/registration", {
    title: answer ? "Error: create your account" : "Create your account",
    script: "registration.js",
    email: { value: email, error: errorOf("email", answer) },
    password: { minLength: passwordMinLength, error: errorOf("password", answer) },
    answer,
  });
}

/** GET /register: the empty form. */
export function registrationForm(settings: { passwordMinLength: number }): RequestHandler {
  return (_req, res) => render(res, { email: "", ...settings });
}

/** POST /register from the form: on to the next page, or the form again with what to do, and all but the password kept. */
export function register(service: Service, settings: { passwordMinLength: number }): RequestHandler {
  return async (req, res) => {
    const result = await service.register(req.body, callerOf(req, res));
    if (result.ok) return res.redirect(303, "/welcome");
    if ("retryAfterSeconds" in result.error) res.set("Retry-After", String(result.error.retryAfterSeconds));
    const answer = answerTo(result.error);
    const email = typeof req.body.email === "string" ? req.body.email : "";
    render(res.status(answer.status), { email, ...settings, answer });
  };
}

/** After POST /register with a form that was too large: the form again, not a page on which what was typed is lost. */
export function formTooLarge(settings: { passwordMinLength: number }): ErrorRequestHandler {
  return (error, _req, res, next) => {
    if (!isHttpError(error) || error.status !== TOO_LARGE.status || !Buffer.isBuffer(error["body"])) return next(error);
    const email = new URLSearchParams(error["body"].toString()).get("email") ?? "";
    render(res.status(TOO_LARGE.status), { email, ...settings, answer: TOO_LARGE });
  };
}

/** GET /welcome: where a new account holder arrives. A page of its own, so that browsers offer to keep the password. */
export const welcome: RequestHandler = (_req, res) => {
  res.render("pages/welcome", { title: "Your account is ready" });
};
