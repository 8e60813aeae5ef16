import { createTRPCClient, httpBatchLink, httpLink } from "@trpc/client";
import { expect } from "chai";
import type { AppRouter } from "../../src/client.ts";
import { failure } from "../support/failure.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const ACCOUNT = { email: "alice@example.com", password: "secret123" };

/** What a request is made into on its way from the client to the wire. */
type Bent = { headers?: Record<string, string>; method?: string; body?: string | Buffer };

const FAULTS: [what: string, bent: Bent, status: number, code: string][] = [
  ["a page of another origin", { headers: { Origin: "https://evil.example" } }, 403, "FORBIDDEN"],
  ["another media type", { headers: { "Content-Type": "text/plain" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["another charset", { headers: { "Content-Type": "application/json; charset=utf-16" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  ["another method", { method: "PUT" }, 405, "METHOD_NOT_SUPPORTED"],
  ["a body that is too large", { body: `"${"x".repeat(20_000)}"` }, 413, "PAYLOAD_TOO_LARGE"],
  ["a body that is no JSON", { body: "{" }, 400, "BAD_REQUEST"],
  ["a body that is not UTF-8", { body: Buffer.from('"\xe9"', "latin1") }, 400, "BAD_REQUEST"],
];

describe("a client of tRPC", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  for (const [name, link] of Object.entries({ httpLink, httpBatchLink })) {
    for (const [what, { headers = {}, ...others }, status, code] of FAULTS) {
      it(`reads by ${name} why ${what} is refused, for each of its calls`, async () => {
        const { auth } = createTRPCClient<AppRouter>({
          links: [
            link({
              url: `${foyer.url}/trpc`,
              headers,
              fetch: (url, { signal = null, ...init } = {}) => fetch(url, { ...init, signal, ...others }),
            }),
          ],
        });
        const calls = [failure(auth.register.mutate(ACCOUNT)), failure(auth.resendVerification.mutate({ email: "x@example.com" }))];
        for (const { data, message } of await Promise.all(calls)) {
          expect([data?.httpStatus, data?.code]).to.deep.equal([status, code]);
          expect(message).to.match(/^[A-Z].+\.$/);
        }
      });
    }
  }

  it("reads so whatever fails before tRPC, and the answer names what the address takes", async () => {
    const host = await foyer.http.post("/trpc/auth.register").set("Host", "$@!").send({});
    expect([host.status, host.body.error.data]).to.deep.equal([400, { code: "BAD_REQUEST", httpStatus: 400 }]);
    const method = await foyer.http.delete("/TRPC/auth.register").set("Accept", "text/html");
    expect([method.status, method.headers["allow"], method.body.error.code]).to.deep.equal([405, "GET, POST", -32005]);
    for (const path of ["/trpc", "/trpc/", "/trpc/%ff", "/trpc/%", "/trpc/a%00"]) {
      const answer = await foyer.http.post(path).send({});
      expect([path, answer.body.error.data.httpStatus]).to.deep.equal([path, answer.status]);
    }
  });
});
