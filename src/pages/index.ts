import { Router } from "express";
import { formBody } from "../http/body.ts";
import { docs } from "./docs.ts";
import { formTooLarge, type RegistrationPage, register, registrationForm, welcome } from "./registration.ts";
import { resendVerification, verification, verified, verifyEmail } from "./verification.ts";

/** The door for people. */
export function pages(registration: RegistrationPage): Router {
  const { service } = registration;
  const router = Router();
  router.get("/", (_req, res) => res.redirect(303, "/register"));
  router.get("/register", registrationForm(registration));
  router.post("/register", formBody, register(registration), formTooLarge(registration));
  router.get("/welcome", welcome);
  router.get("/verify", verification(service));
  router.post("/verify", formBody, verifyEmail(service));
  router.post("/verify/resend", formBody, resendVerification(service));
  router.get("/verified", verified);
  router.get("/docs", docs);
  return router;
}
