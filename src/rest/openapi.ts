import type { RequestHandler } from "express";
import { z } from "zod";
import { createDocument } from "zod-openapi";
import { account, codeInput, mailed, registrationInput, resendInput, tokenInput } from "../service/input.ts";
import type { ServiceSettings } from "../service/settings.ts";
import { problem } from "./problem.ts";

function problemResponse(description: string) {
  return { description, content: { "application/problem+json": { schema: problem } } };
}

/** GET /openapi.json, made from the schemas that parse and answer. */
export function openApi(settings: ServiceSettings): RequestHandler {
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
            201: {
              description: "The account exists; in discreet mode, once its address is confirmed.",
              content: { "application/json": { schema: account } },
            },
            400: problemResponse("A field is not acceptable, the address is registered already, or the body cannot be read."),
            403: problemResponse("Registration is closed, or the request came from another site."),
            413: problemResponse("The body is larger than 16 KiB."),
            415: problemResponse("The body is neither JSON nor a form."),
            429: problemResponse("Too many attempts: try again after the seconds in Retry-After."),
            503: problemResponse("Try again after the seconds in Retry-After."),
          },
        },
      },
      "/verify": {
        post: {
          operationId: "verifyEmail",
          summary: "Confirm an address by a link's token, or by the code beside it",
          tags: ["Accounts"],
          requestBody: { required: true, content: { "application/json": { schema: z.union([tokenInput, codeInput]) } } },
          responses: {
            200: { description: "The address is confirmed.", content: { "application/json": { schema: account } } },
            400: problemResponse("The code is not right, or was not asked for in this browser."),
            404: problemResponse("The token is not known."),
            410: problemResponse("The token has expired, or the address was confirmed with another."),
            413: problemResponse("The body is larger than 16 KiB."),
            415: problemResponse("The body is neither JSON nor a form."),
            503: problemResponse("Try again after the seconds in Retry-After."),
            429: problemResponse("Too many attempts: try again after the seconds in Retry-After."),
          },
        },
      },
      "/verify/resend": {
        post: {
          operationId: "resendVerification",
          summary: "Ask for a new mail",
          tags: ["Accounts"],
          requestBody: { required: true, content: { "application/json": { schema: resendInput } } },
          responses: {
            202: {
              description: "If there is something to confirm, a mail is on its way.",
              content: { "application/json": { schema: mailed } },
            },
            400: problemResponse("The address is not acceptable."),
            413: problemResponse("The body is larger than 16 KiB."),
            415: problemResponse("The body is neither JSON nor a form."),
            503: problemResponse("Try again after the seconds in Retry-After."),
            429: problemResponse("Too many attempts: try again after the seconds in Retry-After."),
          },
        },
      },
    },
  });
  return (_req, res) => {
    res.json(document);
  };
}
