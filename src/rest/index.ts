import { Router } from "express";
import { jsonBody } from "../http/body.ts";
import type { RegistrationSettings } from "../service/input.ts";
import type { Service } from "../service/service.ts";
import { openApi } from "./openapi.ts";
import { register } from "./registration.ts";

/** The JSON door. */
export function rest(service: Service, settings: RegistrationSettings): Router {
  const router = Router();
  router.post("/register", jsonBody, register(service));
  router.get("/openapi.json", openApi(settings));
  return router;
}
