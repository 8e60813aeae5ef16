import { Router } from "express";
import { jsonBody } from "../http/body.ts";
import type { Service } from "../service/service.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { openApi } from "./openapi.ts";
import { register } from "./registration.ts";
import { resendVerification, verifyEmail } from "./verification.ts";

/** The JSON door. */
export function rest(service: Service, settings: ServiceSettings): Router {
  const router = Router();
  router.post("/register", jsonBody, register(service));
  router.post("/verify", jsonBody, verifyEmail(service));
  router.post("/verify/resend", jsonBody, resendVerification(service));
  router.get("/openapi.json", openApi(settings));
  return router;
}
