import { createTRPCClient } from "@trpc/client";
import { expect } from "chai";
import type { AppRouter } from "../../src/client.ts";
import { failure } from "../support/failure.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { LINKS } from "../support/links.ts";

const ACCOUNT = { email: "alice@example.com", password: "secret123" };

/** What a request is made into on its way from the client to the wire. */
type Bent = { headers?: Record<string, string>; method?: string; body?: string | Buffer };

const FAULTS: [what: string, bent: Bent, status: number, code: string][] = [
  ["a page of another origin", { headers: { Origin: "https://evil.example" } }, 403, "FORBIDDEN"],
  ["another media type", { headers: { "Content-Type": "text/plain" } }, 415, "UNSUPPORTED_MEDIA_TYPE"],
  [
    "another charset",
    { headers: { "Content-Type": "application/json; charset=utf-16" } },
    415,
    "UNSUPPORTED_MEDIA_TYPE",
  ],
  ["another method", { method: "PUT" }, 405, "METHOD_NOT_SUPPORTED"],
  ["a body that is too large", { body: `"${"x".repeat(20_000)}"` }, 413, "PAYLOAD_TOO_LARGE"],
  ["a body that is no JSON", { body: "{" }, 400, "BAD_REQUEST"],
  ["a body that is not UTF-8", { body: Buffer.from('"\xe9"', "latin1") }, 400, "BAD_REQUEST"],
];

describe("a tRPC request that fails before its procedures are called", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  for (const [name, links] of Object.entries(LINKS)) {
    for (const [what, { headers = {}, ...others }, status, code] of FAULTS) {
      it(`rejects each call by ${name} with ${status} ${code} for ${what}`, async () => {
        const { auth } = createTRPCClient<AppRouter>({
          links: links({
            url: `${foyer.url}/trpc`,
            headers,
            fetch: (url, { signal = null, ...init } = {}) => fetch(url, { ...init, signal, ...others }),
          }),
        });
        const calls = [
          failure(auth.register.mutate(ACCOUNT)),
          failure(auth.resendVerification.mutate({ email: "x@example.com" })),
        ];
        for (const { data, message } of await Promise.all(calls)) {
          expect([data?.httpStatus, data?.code]).to.deep.equal([status, code]);
          expect(data?.refusal).to.equal(undefined);
          expect(message).to.match(/^[A-Z].+\.$/);
        }
      });
    }
  }

  it("is answered in tRPC's form where the Host header is invalid", async () => {
    const host = await foyer.http.post("/trpc/auth.register").set("Host", "$@!").send({});
    expect([host.status, host.body.error.data]).to.deep.equal([400, { code: "BAD_REQUEST", httpStatus: 400 }]);
  });

  it("is answered 405 with the methods that the address takes, in tRPC's form even where a page is asked for", async () => {
    const method = await foyer.http.delete("/TRPC/auth.register").set("Accept", "text/html");
    expect([method.status, method.headers["allow"], method.body.error.code]).to.deep.equal([405, "GET, POST", -32005]);
  });

  for (const path of ["/trpc", "/trpc/", "/trpc/%ff", "/trpc/%", "/trpc/a%00"]) {
    it(`is answered with its own status in tRPC's form at ${path}`, async () => {
      const answer = await foyer.http.post(path).send({});
      expect(answer.status).to.be.within(400, 499);
      expect(answer.body.error.data.httpStatus).to.equal(answer.status);
    });
  }
});
