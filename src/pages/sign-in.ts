import type { Request, RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import { nextInQuery, nextOf } from "../http/next.ts";
import { PASSWORD_MAX_LENGTH } from "../service/identity/password.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Refusal } from "../service/refusal.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { keepPath } from "./delete-account.ts";
import { goOn, goTo } from "./go-to.ts";
import { onwardOf } from "./onward.ts";
import { answerRefusal, fieldError, type PageRefusal } from "./refusal-page.ts";
import { findSignedIn } from "./signed-in.ts";
import { termsPath } from "./terms.ts";
import { pageTitle } from "./title.ts";
import { typedAddress } from "./typed.ts";

export type SignInPage = { procedures: Procedures; settings: ServiceSettings };

const HOME = "/account";

/** What may have been done just before, as the query tells. Each has words in the catalogue. */
const DONE = {
  out: "sign_in.out",
  reset: "reset.done",
  leaving: "delete.done",
  deleted: "delete.done.at_once",
} as const;

type Typed = { email?: unknown; keep?: unknown; next?: unknown };

type Shown = {
  canRegister: boolean;
  refusal?: PageRefusal;
  isPairWrong?: boolean;
  isUnverified?: boolean;
  isSignedOut?: boolean;
  /** What was done just before. */
  done?: string | undefined;
};

function render(req: Request, res: Response, { email, keep, next }: Typed, { refusal, ...shown }: Shown) {
  res.render("pages/sessions/sign-in", {
    ...shown,
    title: pageTitle(res, "sign_in.title", refusal),
    scripts: ["passwords.js"],
    email: { value: typedAddress(email), error: fieldError("email", refusal) },
    password: { maxLength: PASSWORD_MAX_LENGTH, error: fieldError("password", refusal) },
    keep: keep === "on",
    next: nextOf(req, next),
    refusal,
  });
}

/** Which of the two is wrong is told to nobody, so that both fields are marked, and described by the one notice. */
function explain(res: Response, refused: Refusal): Omit<Shown, "canRegister"> {
  const refusal = answerRefusal(res, refused);
  const { text } = languageOf(res);
  switch (refused.code) {
    case "invalid_credentials":
      return { refusal, isPairWrong: true };
    case "email_not_verified":
      return { refusal: { ...refusal, heading: text("sign_in.unverified.title") }, isUnverified: true };
    default:
      return { refusal };
  }
}

/** Days, as the query tells them. */
function daysOf(sent: unknown): number {
  return typeof sent === "string" && /^[1-9]\d{0,2}$/.test(sent) ? Number(sent) : 1;
}

/** GET /sign-in. Who is signed in goes on. */
export function showSignIn({ procedures, settings }: SignInPage): RequestHandler {
  return async (req, res) => {
    const signedIn = await findSignedIn(procedures, callerOf(req, res));
    const next = nextInQuery(req);
    if (signedIn.ok && signedIn.value?.termsDue) return goTo(res, termsPath(next));
    if (signedIn.ok && signedIn.value) return goOn(res, next ?? onwardOf(res)?.url, HOME);
    const { text } = languageOf(res);
    const done = Object.entries(DONE).find(([name]) => name in req.query)?.[1];
    render(
      req,
      res,
      { next },
      {
        canRegister: settings.policy.open,
        isSignedOut: ["out", "leaving", "deleted"].some((name) => name in req.query),
        done: done && text(done, { days: daysOf(req.query["leaving"]) }),
      },
    );
  };
}

/** POST /sign-in: a redirect, or the form with its errors and all that was typed but the password. */
export function submitSignIn({ procedures, settings }: SignInPage): RequestHandler {
  return async (req, res) => {
    const { email, password, keep, next } = req.body;
    const result = await procedures.signIn.run({ email, password, keep: keep === "on" }, callerOf(req, res));
    if (result.ok && result.value.termsDue) return goTo(res, termsPath(nextOf(req, next)));
    if (result.ok && result.value.deletesAt) return goTo(res, keepPath(nextOf(req, next)));
    if (result.ok) return goOn(res, nextOf(req, next) ?? onwardOf(res)?.url, HOME);
    render(req, res, req.body, { canRegister: settings.policy.open, ...explain(res, result.error) });
  };
}
