import type { RequestHandler, Response } from "express";
import { callerOf } from "../http/caller.ts";
import { claimedOrigin } from "../http/claimed-origin.ts";
import { languageOf } from "../http/language.ts";
import type { Language } from "../language/language.ts";
import type { Refusal } from "../service/refusal.ts";
import type { SessionsOutput } from "../service/sessions/input.ts";
import { showRefusal } from "./fault.ts";
import { goTo, goToSignIn } from "./go-to.ts";
import { type AccountPage, findSignedIn, forSignedIn, privatePage, requireOwnForm } from "./signed-in.ts";

const PAGE = "/account/sessions";
const SIGNED_OUT = "/sign-in?out";
/** The scope of the form that signs out everywhere else. */
const ELSEWHERE = "others";

/** When a session was last seen is noted no more often. */
const SEEN_EVERY_MS = 5 * 60 * 1000;

function toView({ handle, device, ip, createdAt, lastSeenAt }: SessionsOutput[number], { ago, text, time }: Language) {
  const inWords = (iso: string) => {
    const date = new Date(iso);
    const isRecent = Date.now() - date.getTime() < SEEN_EVERY_MS;
    return { iso, exactly: time(date), roughly: isRecent ? text("sessions.just_now") : ago(date) };
  };
  return {
    handle,
    ip,
    device: device
      ? text("sessions.device", { browser: device.browser, system: device.system })
      : text("sessions.unknown_device"),
    created: inWords(createdAt),
    seen: inWords(lastSeenAt),
  };
}

function refuse(res: Response, refusal: Refusal) {
  if (refusal.code === "not_signed_in") return goToSignIn(res, PAGE);
  return showRefusal(res, refusal);
}

/** GET /account/sessions: this browser's session, and all others of the account. */
export function showSessions(page: AccountPage): RequestHandler {
  return forSignedIn(page, PAGE, async ({ req, res, caller, signedIn }) => {
    const listed = await page.procedures.sessions.run(undefined, caller);
    if (!listed.ok) return refuse(res, listed.error);
    const language = languageOf(res);
    const inView = (isCurrent: boolean) =>
      listed.value.filter(({ current }) => current === isCurrent).map((session) => toView(session, language));
    const { ended } = req.query;
    const { scripts, ...common } = privatePage(page, signedIn);
    res.render("pages/sessions/sessions", {
      ...common,
      scripts: [...scripts, "times.js"],
      title: language.text("sessions.title"),
      endToken: page.formTokens.of(signedIn.handle, "/sessions/end"),
      elsewhere: ELSEWHERE,
      own: inView(true)[0],
      others: inView(false),
      ended: { one: ended === "one", others: ended === "others" },
    });
  });
}

/** POST /sign-out from a form. Whose session ended before has no more to show, and is signed out all the same. */
export function submitSignOut(page: AccountPage): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    const signedIn = await findSignedIn(page.procedures, caller);
    if (!signedIn.ok) return showRefusal(res, signedIn.error);
    if (signedIn.value) requireOwnForm(page, req, signedIn.value, "/sign-out");
    const { scope } = req.body;
    const signedOut = await page.procedures.signOut.run({ scope }, caller);
    if (!signedOut.ok) return showRefusal(res, signedOut.error);
    goTo(res, scope === ELSEWHERE ? `${PAGE}?ended=others` : SIGNED_OUT);
  };
}

/**
 * GET /sign-out/forget: the form loads it after a sign-out. When that is answered, the page that was left is not yet among
 * those that the back button shows from memory. Now it is, and Chromium forgets it.
 */
export const forgetPages: RequestHandler = (req, res) => {
  if (claimedOrigin(req) !== "other") res.set("Clear-Site-Data", '"cache"');
  res.status(204).end();
};

/** POST /sessions/end from a form. For whoever ends a session that has ended, all is well. */
export function submitEndSession(page: AccountPage): RequestHandler {
  return forSignedIn(page, PAGE, async ({ req, res, caller, signedIn }) => {
    requireOwnForm(page, req, signedIn, "/sessions/end");
    const result = await page.procedures.endSession.run({ handle: req.body.handle }, caller);
    if (!result.ok && result.error.code !== "session_unknown") return refuse(res, result.error);
    goTo(res, caller.credential() ? `${PAGE}?ended=one` : SIGNED_OUT);
  });
}
