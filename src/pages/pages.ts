import { Router } from "express";
import { formBody } from "../http/body.ts";
import { callerOf } from "../http/caller.ts";
import { downloadExport, showAccount } from "./account.ts";
import { showChangePassword, submitChangePassword } from "./change-password.ts";
import { showDelete, showKeep, submitDelete, submitKeep } from "./delete-account.ts";
import { type ApiDocument, showDocs } from "./docs.ts";
import { showEmailChange, submitEmailChange } from "./email-change.ts";
import {
  type EmailChangeLinkPage,
  showConfirm,
  showConfirmed,
  showUndo,
  showUndone,
  submitConfirm,
  submitUndo,
} from "./email-change-links.ts";
import { showRefusal } from "./fault.ts";
import { createFormTokens } from "./form-token.ts";
import { goTo } from "./go-to.ts";
import { mendLink } from "./link.ts";
import {
  type RegistrationPage,
  refuseLargeForm,
  showRegistration,
  showWelcome,
  submitRegistration,
} from "./registration.ts";
import { type ResetPage, showReset, submitReset, submitResetRequest } from "./reset.ts";
import { forgetPages, showSessions, submitEndSession, submitSignOut } from "./sessions.ts";
import { showSignIn, submitSignIn } from "./sign-in.ts";
import { findSignedIn } from "./signed-in.ts";
import { showTerms, submitTerms } from "./terms.ts";
import {
  showVerification,
  showVerified,
  submitResend,
  submitVerification,
  type VerificationPage,
} from "./verification.ts";

export type PagesParts = RegistrationPage &
  VerificationPage &
  ResetPage &
  EmailChangeLinkPage & { document: ApiDocument; formKey: Buffer };

export function pages(parts: PagesParts): Router {
  const { procedures, document, formKey } = parts;
  const account = {
    procedures,
    formTokens: createFormTokens(formKey),
    settings: parts.settings,
    describeEmailChange: parts.describeEmailChange,
  };
  const router = Router();
  router.get("/", async (req, res) => {
    const signedIn = await findSignedIn(procedures, callerOf(req, res));
    if (!signedIn.ok) return showRefusal(res, signedIn.error);
    goTo(res, signedIn.value ? "/account" : "/register");
  });
  router.get("/register", showRegistration(parts));
  router.post("/register", formBody, submitRegistration(parts), refuseLargeForm(parts));
  router.get("/welcome", showWelcome);
  router.use(mendLink);
  router.get("/verify", showVerification(parts));
  router.post("/verify", formBody, submitVerification(parts));
  router.post("/verify/resend", formBody, submitResend(procedures));
  router.get("/verified", showVerified(parts));
  router.get("/sign-in", showSignIn(parts));
  router.post("/sign-in", formBody, submitSignIn(parts));
  router.post("/sign-out", formBody, submitSignOut(account));
  router.get("/sign-out/forget", forgetPages);
  router.get("/account", showAccount(account));
  router.get("/account/export", downloadExport(account));
  router.get("/account/sessions", showSessions(account));
  router.post("/sessions/end", formBody, submitEndSession(account));
  router.get("/account/password", showChangePassword(account));
  router.post("/account/password", formBody, submitChangePassword(account));
  router.get("/account/email", showEmailChange(account));
  router.post("/account/email", formBody, submitEmailChange(account));
  router.get("/account/email/confirm", showConfirm(parts));
  router.post("/account/email/confirm", formBody, submitConfirm(parts));
  router.get("/account/email/confirmed", showConfirmed);
  router.get("/account/email/undo", showUndo(parts));
  router.post("/account/email/undo", formBody, submitUndo(parts));
  router.get("/account/email/undone", showUndone);
  router.get("/account/delete", showDelete(account));
  router.post("/account/delete", formBody, submitDelete(account));
  router.get("/account/keep", showKeep(account));
  router.post("/account/keep", formBody, submitKeep(account));
  router.get("/account/terms", showTerms(account));
  router.post("/account/terms", formBody, submitTerms(account));
  router.get("/reset", showReset(parts));
  router.post("/reset", formBody, submitResetRequest(parts));
  router.post("/reset/confirm", formBody, submitReset(parts));
  router.get("/.well-known/change-password", (_req, res) => goTo(res, "/account/password"));
  router.get("/docs", showDocs(document));
  return router;
}
