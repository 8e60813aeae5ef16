import { expect } from "chai";
import { english } from "../support/english.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("a problem of the JSON routes", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  it("has the members of its refusal beside those of RFC 9457: triesLeft of code_refused", async () => {
    foyer = await startFoyer();
    const answer = await foyer.http.post("/verify").send({ code: "1234 5678" });
    expect(expectProblem(answer, 400, "code_refused")).to.deep.equal({
      type: "urn:foyer:problem:code_refused",
      title: "Wrong code",
      status: 400,
      detail: english.text("refusal.code_refused", { triesLeft: 0 }),
      code: "code_refused",
      triesLeft: 0,
    });
  });

  it("counts down triesLeft for the browser that signed up", async () => {
    foyer = await startFoyer();
    const { headers } = await foyer.register("alice@example.com");
    const cookie = String(headers["set-cookie"]).split(";")[0] ?? "";
    for (const triesLeft of [4, 3, 2, 1, 0]) {
      const answer = await foyer.http.post("/verify").set("Cookie", cookie).send({ code: "0000 0000" });
      expect(expectProblem(answer, 400, "code_refused")["triesLeft"]).to.equal(triesLeft);
    }
  });

  it("has no triesLeft where what was sent is no code", async () => {
    foyer = await startFoyer();
    const answer = await foyer.http.post("/verify").send({ code: "12" });
    expect(expectProblem(answer, 400, "code_refused")).to.have.all.keys("type", "title", "status", "detail", "code");
  });

  it("has the retryAfterSeconds of its Retry-After, for rate_limited", async () => {
    const rate = { count: 1, seconds: 600 };
    foyer = await startFoyer({
      rateLimits: { perIp: rate, perEmail: rate, perMailbox: rate, perDomain: rate, total: rate, signIn: rate },
    });
    await foyer.register("alice@example.com");
    const answer = await foyer.register("bob@example.com");
    const { retryAfterSeconds, ...others } = expectProblem(answer, 429, "rate_limited");
    expect(retryAfterSeconds).to.be.within(541, 600);
    expect(answer.headers["retry-after"]).to.equal(String(retryAfterSeconds));
    expect(others).to.have.all.keys("type", "title", "status", "detail", "code");
  });

  it("has the retryAfterSeconds of its Retry-After, for busy", async () => {
    foyer = await startFoyer({ bcryptCost: 12, hashConcurrency: 1, hashMaxWaitSeconds: 1 });
    const answers = await Promise.all(
      Array.from({ length: 30 }, (_, n) => foyer.register(`n${n}@example.com`, PASSWORD)),
    );
    const refused = answers.filter(({ status }) => status === 503);
    expect(refused).not.to.deep.equal([]);
    for (const answer of refused) {
      const { retryAfterSeconds } = expectProblem(answer, 503, "busy");
      expect(retryAfterSeconds).to.be.within(1, 30);
      expect(answer.headers["retry-after"]).to.equal(String(retryAfterSeconds));
    }
  });

  it("has the title, the detail and the code of a fault of the transport, in plain words", async () => {
    foyer = await startFoyer();
    expect(expectProblem(await foyer.http.put("/register"), 405, "method_not_allowed")).to.deep.equal({
      type: "about:blank",
      title: "Method Not Allowed",
      status: 405,
      detail: english.text("fault.405"),
      code: "method_not_allowed",
    });
  });
});
