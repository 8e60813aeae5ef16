import { Router } from "express";
import { formBody } from "../http/body.ts";
import type { Service } from "../service/service.ts";
import { docs } from "./docs.ts";
import { formTooLarge, register, registrationForm, welcome } from "./registration.ts";

/** The door for people. */
export function pages(service: Service, settings: { passwordMinLength: number }): Router {
  const router = Router();
  router.get("/", (_req, res) => res.redirect(303, "/register"));
  router.get("/register", registrationForm(settings));
  router.post("/register", formBody, register(service, settings), formTooLarge(settings));
  router.get("/welcome", welcome);
  router.get("/docs", docs);
  return router;
}
