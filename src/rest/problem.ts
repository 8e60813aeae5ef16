import type { Response } from "express";
import { z } from "zod";
import type { Fault } from "../http/error-handler.ts";
import { languageOf } from "../http/language.ts";
import { describeRefusal, REFUSALS, refusalData, refusalHeaders } from "../http/refusals.ts";
import type { Refusal } from "../service/refusal.ts";

/** RFC 9457 problem details: the body of every JSON error. */
export const problem = z.object({
  type: z.string().meta({ description: "The kind of problem; about:blank if the status alone says it." }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: "A sentence that says what to do." }),
  code: z.string().meta({ description: `For programs: ${Object.keys(REFUSALS).join(", ")}, or the status in words.` }),
  errors: z
    .array(z.object({ field: z.string(), message: z.string() }))
    .optional()
    .meta({ description: "For invalid_input: the reason for each field." }),
  triesLeft: z
    .int()
    .optional()
    .meta({ description: "For code_refused and password_required: the number of tries that are left." }),
  methods: z
    .array(z.string())
    .optional()
    .meta({ description: "For reauthentication_required: what counts as another authentication." }),
  retryAfterSeconds: z
    .int()
    .optional()
    .meta({ description: "Seconds to wait before trying again, as in Retry-After." }),
});

export type Problem = z.infer<typeof problem>;

function send(res: Response, body: Problem) {
  res.status(body.status).type("application/problem+json").send(JSON.stringify(body));
}

/** Answers with a refusal of the service. */
export function sendRefusal(res: Response, refusal: Refusal): void {
  const language = languageOf(res);
  const { fields: errors, ...data } = { fields: undefined, ...refusalData(refusal, language) };
  res.set(refusalHeaders(refusal));
  send(res, {
    type: `urn:foyer:problem:${refusal.code}`,
    title: language.text(`refusal.${refusal.code}.title`),
    status: REFUSALS[refusal.code].status,
    detail: describeRefusal(refusal, language),
    ...data,
    ...(errors && { errors }),
  });
}

/** Answers with a fault of the request or of the server. */
export function sendFault(res: Response, { status, title, detail, code, headers }: Fault): void {
  res.set(headers);
  send(res, { type: "about:blank", title, status, detail, code });
}
