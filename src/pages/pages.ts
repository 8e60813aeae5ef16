import { Router } from "express";
import { formBody } from "../http/body.ts";
import { type ApiDocument, showDocs } from "./docs.ts";
import {
  type RegistrationPage,
  refuseLargeForm,
  showRegistration,
  showWelcome,
  submitRegistration,
} from "./registration.ts";
import {
  mendLink,
  showVerification,
  showVerified,
  submitResend,
  submitVerification,
  type VerificationPage,
} from "./verification.ts";

export type PagesParts = RegistrationPage & VerificationPage & { document: ApiDocument };

export function pages(parts: PagesParts): Router {
  const { procedures, document } = parts;
  const router = Router();
  router.get("/", (_req, res) => res.redirect(303, "/register"));
  router.get("/register", showRegistration(parts));
  router.post("/register", formBody, submitRegistration(parts), refuseLargeForm(parts));
  router.get("/welcome", showWelcome);
  router.use(mendLink);
  router.get("/verify", showVerification(parts));
  router.post("/verify", formBody, submitVerification(parts));
  router.post("/verify/resend", formBody, submitResend(procedures));
  router.get("/verified", showVerified);
  router.get("/docs", showDocs(document));
  return router;
}
