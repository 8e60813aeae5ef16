import type { Response } from "express";
import { z } from "zod";
import type { Fault } from "../http/fault.ts";
import { refusalHeaders } from "../http/refusal-headers.ts";
import { describe, type ServiceError } from "../service/errors.ts";

/** RFC 9457 problem details, as every JSON error has them. */
export const problem = z.object({
  type: z.string().meta({ description: "What kind of problem this is; about:blank where the status says it all." }),
  title: z.string(),
  status: z.int(),
  detail: z.string().meta({ description: "A sentence that says what to do." }),
  code: z.string().meta({
    description:
      "For programs: invalid_input, email_taken, token_unknown, token_expired, token_used, code_refused, registration_closed, rate_limited, busy, unavailable, or the status in words.",
  }),
  errors: z
    .array(z.object({ field: z.enum(["email", "password"]), message: z.string() }))
    .optional()
    .meta({ description: "For invalid_input: the reason, by field." }),
});

export type Problem = z.infer<typeof problem>;

const ANSWERS = {
  invalid_input: { status: 400, title: "Invalid input" },
  email_taken: { status: 400, title: "Email already registered" },
  token_unknown: { status: 404, title: "Unknown link" },
  token_expired: { status: 410, title: "Expired link" },
  token_used: { status: 410, title: "Used link" },
  code_refused: { status: 400, title: "Wrong code" },
  registration_closed: { status: 403, title: "Registration is closed" },
  rate_limited: { status: 429, title: "Too many attempts" },
  busy: { status: 503, title: "Too busy" },
  unavailable: { status: 503, title: "Service unavailable" },
} satisfies Record<ServiceError["code"], { status: number; title: string }>;

function send(res: Response, body: Problem) {
  res.status(body.status).type("application/problem+json").send(JSON.stringify(body));
}

/** Answers a refusal of the service. */
export function sendProblem(res: Response, error: ServiceError): void {
  res.set(refusalHeaders(error));
  const errors = error.code === "invalid_input" ? { errors: error.fields } : {};
  send(res, { type: `urn:foyer:problem:${error.code}`, ...ANSWERS[error.code], detail: describe(error), code: error.code, ...errors });
}

/** Answers a fault of the transport, or one of ours. */
export function sendFault(res: Response, { status, title, detail, headers }: Fault): void {
  const code = title.toLowerCase().replaceAll(/[^a-z]+/g, "_");
  res.set(headers);
  send(res, { type: "about:blank", title, status, detail, code });
}
