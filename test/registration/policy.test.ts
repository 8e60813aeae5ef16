import { expect } from "chai";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const OPEN = { open: true, domains: [] as string[], refuseDisposable: false };

describe("registering with REGISTRATION=closed", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ policy: { ...OPEN, open: false } });
  });
  after(async () => {
    expect(await foyer.users()).to.deep.equal([]);
    await foyer.stop();
  });

  it("answers 403 registration_closed to JSON", async () => {
    const problem = expectProblem(await foyer.register("alice@example.com"), 403, "registration_closed");
    expect(problem["detail"]).to.equal("Registration is closed.");
  });

  it("answers 403 to the form, with a page that has none", async () => {
    const { status, text } = await foyer.registerByForm("alice@example.com");
    expect(status).to.equal(403);
    expect(text).to.include("Registration is closed").and.not.include("<form");
  });

  it("shows a page without a form", async () => {
    const { status, text } = await foyer.http.get("/register");
    expect(status).to.equal(200);
    expect(text).to.include("Registration is closed").and.not.include("<form");
  });

  it("is offered to nobody who signs in", async () => {
    expect((await foyer.http.get("/sign-in")).text).not.to.include("/register");
    const refused = await foyer.http.post("/sign-in").type("form").send({ email: "a@example.com", password: "x" });
    expect(refused.text).to.include("<form").and.not.include("/register");
  });

  it("answers FORBIDDEN registration_closed by tRPC", async () => {
    const { data } = await failure(
      foyer.client.auth.register.mutate({ email: "alice@example.com", password: PASSWORD }),
    );
    expect(data).to.deep.equal({
      httpStatus: 403,
      code: "FORBIDDEN",
      path: "auth.register",
      refusal: { code: "registration_closed" },
    });
  });
});

describe("registering with REGISTRATION_DOMAINS", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ policy: { ...OPEN, domains: ["example.com", "xn--bcher-kva.de", ".example.org"] } });
  });
  after(() => foyer.stop());

  for (const email of [
    "a@example.com",
    "c@EXAMPLE.com",
    "a@bücher.de",
    "b@XN--BCHER-KVA.de",
    "a@example.org",
    "a@deep.er.example.org",
  ]) {
    it(`takes ${email}`, async () => expect((await foyer.register(email)).status).to.equal(201));
  }

  for (const email of [
    "a@evil-example.com",
    "a@example.com.evil.org",
    "a@sub.example.com",
    "a@evilexample.org",
    "a@example.org.evil.com",
  ]) {
    it(`refuses ${email}, and names the domains that can sign up`, async () => {
      const problem = expectProblem(await foyer.register(email), 400, "invalid_input");
      expect(problem["detail"]).to.equal(
        "Use an email address of example.com, bücher.de or example.org. Others are not allowed here.",
      );
      expect(problem["errors"]).to.deep.equal([{ field: "email", message: problem["detail"] }]);
    });
  }
});

describe("registering with REGISTRATION_DISPOSABLE=refused", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ policy: { ...OPEN, refuseDisposable: true } });
  });
  after(() => foyer.stop());

  for (const email of ["a@mailinator.com", "a@some.mailinator.com", "a@very.deep.mailinator.com"]) {
    it(`refuses ${email}`, async () => {
      const problem = expectProblem(await foyer.register(email), 400, "invalid_input");
      expect(problem["detail"]).to.include("Temporary addresses");
    });
  }

  for (const email of ["a@example.com", "a@co.uk.example.com"]) {
    it(`takes ${email}`, async () => expect((await foyer.register(email)).status).to.equal(201));
  }
});

describe("registering by default", () => {
  it("takes a disposable address", async () => {
    const foyer = await startFoyer();
    expect((await foyer.register("a@mailinator.com")).status).to.equal(201);
    await foyer.stop();
  });
});
