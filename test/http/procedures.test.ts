import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "chai";
import { REFUSALS } from "../../src/http/refusals.ts";
import type { Procedure } from "../../src/service/procedure.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const APP = "https://app.example.com";
const METHODS = ["get", "head", "post", "put", "patch", "delete"] as const;

describe("every procedure", () => {
  let foyer: TestFoyer;
  let procedures: Procedure[];
  before(async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    procedures = Object.values(foyer.procedures);
  });
  after(() => foyer.stop());

  /** Those that change something: they take JSON by POST. */
  const mutations = () => procedures.filter(({ type }) => type === "mutation");
  const send = (path: string, type = "application/json", body = "{}") =>
    foyer.http.post(path).set("Content-Type", type).send(body);

  it("is in the OpenAPI document, which has no other, with its success and all of its refusals", async () => {
    const { paths } = (await foyer.http.get("/openapi.json")).body;
    expect(Object.keys(paths)).to.have.members(procedures.map(({ path }) => path));
    for (const { name, path, type, summary, success, refusals } of procedures) {
      expect(Object.keys(paths[path])).to.deep.equal([type === "query" ? "get" : "post"]);
      const { operationId, responses, ...operation } = paths[path][type === "query" ? "get" : "post"];
      expect(`auth.${operationId}`).to.equal(name);
      expect(operation.summary).to.equal(summary);
      const statuses = [success.status, 400, 403, 413, 415, 429, ...refusals.map((code) => REFUSALS[code].status)];
      expect(Object.keys(responses).map(Number), name).to.have.members([...new Set(statuses)]);
    }
  });

  it("answers by tRPC under its name, and no other name does", async () => {
    for (const { name, type } of procedures) {
      const { body } = await (type === "query" ? foyer.http.get(`/trpc/${name}`) : send(`/trpc/${name}`));
      // A refusal may be that a token is not found.
      if (!body.error?.data.refusal)
        expect(body.error?.data.code, name).not.to.be.oneOf(["NOT_FOUND", "METHOD_NOT_SUPPORTED"]);
      if (body.error) expect(body.error.data, name).to.include({ path: name });
    }
    const { body } = await send("/trpc/auth.nothing");
    expect(body.error.data).to.include({ code: "NOT_FOUND", httpStatus: 404 });
  });

  it("refuses the same input by JSON and by tRPC with the same code and members", async () => {
    for (const { name, path } of mutations()) {
      const byJson = await send(path);
      const byTrpc = await send(`/trpc/${name}`);
      if (byJson.ok) continue;
      const { code, ...members } = byTrpc.body.error.data.refusal;
      expectProblem(byJson, byTrpc.status, code);
      const { errors: fields, triesLeft, retryAfterSeconds } = byJson.body;
      expect(JSON.parse(JSON.stringify({ fields, triesLeft, retryAfterSeconds })), name).to.deep.equal(members);
      expect(byJson.body.detail).to.equal(byTrpc.body.error.message);
    }
  });

  it("answers 405 to any method that its path does not have, with those that it has", async () => {
    for (const { path, type } of procedures) {
      const { headers } = await foyer.http.trace(path);
      const allowed = String(headers["allow"]).split(", ");
      expect(allowed).to.include(type === "query" ? "GET" : "POST");
      for (const method of METHODS) {
        const answer = await foyer.http[method](path);
        expect(answer.status === 405, `${method} ${path}`).to.equal(!allowed.includes(method.toUpperCase()));
        if (answer.status !== 405) continue;
        expect(answer.headers["allow"]).to.equal(headers["allow"]);
        if (method !== "head") expectProblem(answer, 405, "method_not_allowed");
      }
      expect((await foyer.http.options(path)).headers["allow"]).to.equal(headers["allow"]);
    }
  });

  it("answers 405 by tRPC to any method but GET and POST, and to a GET that would change something", async () => {
    for (const { name, type } of procedures) {
      for (const method of ["put", "patch", "delete"] as const) {
        const answer = await foyer.http[method](`/trpc/${name}`);
        expect([answer.status, answer.headers["allow"]], `${method} ${name}`).to.deep.equal([405, "GET, POST"]);
      }
      const { status } = await foyer.http.get(`/trpc/${name}`);
      expect(status === 405, name).to.equal(type === "mutation");
    }
  });

  it("answers 415 to another media type, by JSON and by tRPC", async () => {
    for (const { name, path } of mutations()) {
      for (const type of ["text/plain", "multipart/form-data; boundary=x", "application/json; charset=utf-16"]) {
        expectProblem(await send(path, type), 415, "unsupported_media_type");
        expect((await send(`/trpc/${name}`, type)).status, `${name} ${type}`).to.equal(415);
      }
    }
  });

  it("answers 403 to a page of another site, by JSON, by tRPC and by a form", async () => {
    for (const { name, path } of mutations()) {
      for (const headers of [{ "Sec-Fetch-Site": "cross-site" }, { Origin: "https://evil.example" }]) {
        expectProblem(await send(path).set(headers), 403, "forbidden");
        expect((await send(`/trpc/${name}`).set(headers)).status, name).to.equal(403);
        expect((await send(path, "application/x-www-form-urlencoded", "").set(headers)).status, name).to.equal(403);
      }
    }
  });

  it("answers 400 to JSON that cannot be read, by JSON and by tRPC", async () => {
    for (const { name, path } of mutations()) {
      expectProblem(await send(path, "application/json", "{"), 400, "bad_request");
      const { status, body } = await send(`/trpc/${name}`, "application/json", "{");
      expect([status, body.error.data.refusal], name).to.deep.equal([400, undefined]);
    }
  });

  it("answers 413 to a body over 16 KiB, by JSON and by tRPC", async () => {
    const large = JSON.stringify({ filler: "x".repeat(16_384) });
    for (const { name, path } of mutations()) {
      expectProblem(await send(path, "application/json", large), 413, "payload_too_large");
      expect((await send(`/trpc/${name}`, "application/json", large)).status, name).to.equal(413);
    }
  });

  it("lets a named origin ask first and then read the answer, by JSON and by tRPC", async () => {
    for (const { name, path } of mutations()) {
      for (const where of [path, `/trpc/${name}`]) {
        const asks = { "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" };
        const preflight = await foyer.http.options(where).set({ Origin: APP, ...asks });
        expect([preflight.status, preflight.headers["access-control-allow-origin"]], where).to.deep.equal([204, APP]);
        const answer = await send(where).set({ Origin: APP, "Sec-Fetch-Site": "cross-site" });
        expect(answer.status, where).not.to.equal(403);
        expect(answer.headers["access-control-allow-origin"], where).to.equal(APP);
        const other = await foyer.http.options(where).set({ Origin: "https://evil.example", ...asks });
        expect(other.headers, where).not.to.have.property("access-control-allow-origin");
      }
    }
  });
});

describe("every refusal", () => {
  const TESTS = join(import.meta.dirname, "..");
  const tests = readdirSync(TESTS, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".test.ts"))
    .map((file) => readFileSync(join(TESTS, file), "utf8"))
    .filter((text) => text.includes("expectProblem("));

  for (const [code, { status }] of Object.entries(REFUSALS)) {
    it(`${code} is expected with ${status} by a test that produces it`, () => {
      const expected = new RegExp(`\\b${status},\\s*"${code}"`);
      expect(tests.some((text) => expected.test(text))).to.equal(true);
    });
  }
});
