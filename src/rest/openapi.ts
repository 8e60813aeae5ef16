import type { RequestHandler } from "express";
import { createDocument } from "zod-openapi";
import { type RegistrationSettings, registered, registrationInput } from "../service/input.ts";
import { problem } from "./problem.ts";

function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: problem } } };
}

/** GET /openapi.json, made from the schemas that parse and answer. */
export function openApi(settings: RegistrationSettings): RequestHandler {
  const document = createDocument({
    openapi: "3.1.1",
    info: { title: "Foyer", version: "1", description: "Registration, and only registration." },
    servers: [{ url: "/" }],
    paths: {
      "/register": {
        post: {
          operationId: "register",
          summary: "Create an account",
          tags: ["Accounts"],
          requestBody: { required: true, content: { "application/json": { schema: registrationInput(settings) } } },
          responses: {
            201: { description: "The account exists.", content: { "application/json": { schema: registered } } },
            400: problemResponse("A field is not acceptable, the address is registered already, or the body cannot be read."),
            403: problemResponse("Registration is closed, or the request came from another site."),
            413: problemResponse("The body is larger than 16 KiB."),
            415: problemResponse("The body is neither JSON nor a form."),
            429: problemResponse("Too many attempts: try again after the seconds in Retry-After."),
            503: problemResponse("Try again after the seconds in Retry-After."),
          },
        },
      },
    },
  });
  return (_req, res) => {
    res.json(document);
  };
}
