import type { Request, RequestHandler, Response } from "express";
import createError from "http-errors";
import { callerOf } from "../http/caller.ts";
import { languageOf } from "../http/language.ts";
import type { MessageKey } from "../language/message.ts";
import type { Caller } from "../service/caller.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Refusal } from "../service/refusal.ts";
import { showRefusal } from "./fault.ts";
import type { FormTokens, SessionForm } from "./form-token.ts";
import { answerRefusal, type PageRefusal } from "./refusal-page.ts";
import { signInPath } from "./sign-in.ts";
import { pageTitle } from "./title.ts";

export type AccountPage = { procedures: Procedures; formTokens: FormTokens };

type SignedIn = { caller: Caller; handle: string; email: string };

/** Who is signed in. Otherwise it answers: with the way to sign in and back, or with what is the matter. */
async function requireSession(
  req: Request,
  res: Response,
  { procedures }: AccountPage,
  back: string,
): Promise<SignedIn | undefined> {
  const caller = callerOf(req, res);
  const current = await procedures.session.run(undefined, caller);
  if (!current.ok) {
    showRefusal(res, current.error);
    return undefined;
  }
  const { account, session } = current.value;
  if (session) return { caller, handle: session.handle, email: account.email };
  res.redirect(303, signInPath(back));
  return undefined;
}

/** What a private page has: a token for each form, and a script that has the back button ask again. */
function privatePage({ formTokens }: AccountPage, { email, handle }: SignedIn) {
  return {
    script: "private.js",
    address: readableAddress(email),
    signOutToken: formTokens.of(handle, "/sign-out"),
    endToken: formTokens.of(handle, "/sessions/end"),
  };
}

/** GET /account. */
export function showAccount(page: AccountPage): RequestHandler {
  return async (req, res) => {
    const signedIn = await requireSession(req, res, page, "/account");
    if (!signedIn) return;
    res.render("pages/sessions/account", {
      ...privatePage(page, signedIn),
      title: languageOf(res).text("account.title"),
    });
  };
}

async function renderSessions(res: Response, page: AccountPage, signedIn: SignedIn, refusal?: PageRefusal) {
  const listed = await page.procedures.sessions.run(undefined, signedIn.caller);
  if (!listed.ok) return refuse(res, listed.error);
  const { time, text } = languageOf(res);
  res.render("pages/sessions/sessions", {
    ...privatePage(page, signedIn),
    title: pageTitle(res, "sessions.title", refusal),
    ended: "ended" in res.req.query,
    sessions: listed.value.map(({ browser, createdAt, lastSeenAt, ...session }) => ({
      ...session,
      device: browser ?? text("sessions.unknown_device"),
      createdAt: time(new Date(createdAt)),
      lastSeenAt: time(new Date(lastSeenAt)),
    })),
    hasOthers: listed.value.some(({ current }) => !current),
    refusal,
  });
}

function refuse(res: Response, refusal: Refusal) {
  if (refusal.code === "not_signed_in") return res.redirect(303, signInPath("/account/sessions"));
  return showRefusal(res, refusal);
}

/** GET /account/sessions. */
export function showSessions(page: AccountPage): RequestHandler {
  return async (req, res) => {
    const signedIn = await requireSession(req, res, page, "/account/sessions");
    if (signedIn) await renderSessions(res, page, signedIn);
  };
}

type Act = (page: AccountPage, signedIn: SignedIn, req: Request, res: Response) => Promise<unknown>;

/** Takes a form that acts for the session it was shown in. @throws 403 for one of another session. */
function submit(page: AccountPage, form: SessionForm, act: Act): RequestHandler {
  return async (req, res) => {
    const signedIn = await requireSession(req, res, page, "/account/sessions");
    if (!signedIn) return;
    if (page.formTokens.isOf(req.body.form, signedIn.handle, form)) return act(page, signedIn, req, res);
    throw createError(403, { detail: "sessions.stale_form" satisfies MessageKey });
  };
}

/** POST /sign-out from a form. */
export function submitSignOut(page: AccountPage): RequestHandler {
  return submit(page, "/sign-out", async ({ procedures }, { caller }, req, res) => {
    const { scope } = req.body;
    const result = await procedures.signOut.run({ scope }, caller);
    if (!result.ok) return refuse(res, result.error);
    res.redirect(303, scope === "others" ? "/account/sessions?ended" : "/sign-in?out");
  });
}

/** POST /sessions/end from a form. */
export function submitEndSession(page: AccountPage): RequestHandler {
  return submit(page, "/sessions/end", async ({ procedures }, signedIn, req, res) => {
    const { caller } = signedIn;
    const result = await procedures.endSession.run({ handle: req.body.handle }, caller);
    if (result.ok) return res.redirect(303, caller.credential() ? "/account/sessions?ended" : "/sign-in?out");
    if (result.error.code !== "session_unknown") return refuse(res, result.error);
    await renderSessions(res, page, signedIn, answerRefusal(res, result.error));
  });
}
