import { Router } from "express";
import { createDocument, type ZodOpenApiPathsObject, type ZodOpenApiResponsesObject } from "zod-openapi";
import { REQUEST_FAULTS } from "../http/error-handler.ts";
import { REFUSALS } from "../http/refusals.ts";
import type { Language } from "../language/language.ts";
import type { Procedure } from "../service/procedure.ts";
import { problem } from "./problem.ts";

function problems({ refusals }: Procedure, { text }: Language): ZodOpenApiResponsesObject {
  const meanings = new Map<number, string[]>(REQUEST_FAULTS.map(([status, key]) => [status, [text(key)]]));
  for (const code of refusals) {
    const { status } = REFUSALS[code];
    meanings.set(status, [...(meanings.get(status) ?? []), text(`refusal.${code}.title`)]);
  }
  const content = { "application/problem+json": { schema: problem } };
  const responses = [...meanings].map(
    ([status, all]) => [status, { description: `${all.join("; ")}.`, content }] as const,
  );
  return Object.fromEntries(responses);
}

function operation(procedure: Procedure, language: Language) {
  const { name, type, summary, input, output, success } = procedure;
  const { status, description } = success;
  return {
    operationId: name.replace(/^auth\./, ""),
    summary,
    tags: ["Accounts"],
    ...(type === "mutation" && { requestBody: { required: true, content: { "application/json": { schema: input } } } }),
    responses: {
      [status]: { description, ...(status !== 204 && { content: { "application/json": { schema: output } } }) },
      ...problems(procedure, language),
    },
  };
}

/** Describes the JSON routes by OpenAPI. @param server the path below which they are. */
export function describeApi(
  procedures: readonly Procedure[],
  language: Language,
  server: string,
): ReturnType<typeof createDocument> {
  const paths: ZodOpenApiPathsObject = Object.fromEntries(
    procedures.map((procedure) => [
      procedure.path,
      { [procedure.type === "query" ? "get" : "post"]: operation(procedure, language) },
    ]),
  );
  return createDocument({
    openapi: "3.1.1",
    info: { title: language.site, version: "1", description: "An account's whole life." },
    servers: [{ url: server }],
    paths,
  });
}

/** GET /openapi.json. */
export function openApi(document: object): Router {
  const body = Buffer.from(JSON.stringify(document));
  return Router().get("/openapi.json", (_req, res) => {
    res.type("json").send(body);
  });
}
