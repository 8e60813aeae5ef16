import { expect } from "chai";
import type { Response } from "supertest";

/** Expects a problem document (RFC 9457) of a status and a code, and gives its body. */
export function expectProblem(answer: Response, status: number, code: string): Record<string, unknown> {
  expect([answer.status, answer.body.code], answer.text).to.deep.equal([status, code]);
  expect(answer.type).to.equal("application/problem+json");
  expect(answer.body.status).to.equal(status);
  return answer.body;
}
