import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const PASSWORD = "secret123";
const OPEN = { open: true, domains: [] as string[], refuseDisposable: false };

describe("who may register", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  function register(email: string) {
    return foyer.http.post("/register").send({ email, password: PASSWORD });
  }

  it("is nobody while registration is closed, at any door", async () => {
    foyer = await startFoyer({ policy: { ...OPEN, open: false } });
    const json = await register("alice@example.com");
    expect([json.status, json.body.code, json.body.detail]).to.deep.equal([403, "registration_closed", "Registration is closed."]);
    const form = await foyer.http.post("/register").type("form").send({ email: "alice@example.com", password: PASSWORD });
    expect(form.status).to.equal(403);
    const page = await foyer.http.get("/register");
    expect(page.status).to.equal(200);
    for (const { text } of [form, page]) expect(text).to.include("Registration is closed").and.not.include("<form");
    const trpc = await foyer.client.auth.register.mutate({ email: "alice@example.com", password: PASSWORD }).catch(({ data }) => data);
    expect(trpc).to.deep.equal({ httpStatus: 403, code: "registration_closed" });
    expect(await foyer.users()).to.deep.equal([]);
  });

  it("is who has an address of a named domain", async () => {
    foyer = await startFoyer({ policy: { ...OPEN, domains: ["example.com", "xn--bcher-kva.de", ".example.org"] } });
    for (const email of ["a@example.com", "a@EXAMPLE.com", "a@bücher.de", "b@XN--BCHER-KVA.de", "a@example.org", "a@deep.er.example.org"]) {
      expect([email, (await register(email)).body.code]).to.deep.equal([email, email === "a@EXAMPLE.com" ? "email_taken" : undefined]);
    }
    for (const email of [
      "a@evil-example.com",
      "a@example.com.evil.org",
      "a@sub.example.com",
      "a@evilexample.org",
      "a@example.org.evil.com",
    ]) {
      const answer = await register(email);
      expect([email, answer.status, answer.body.errors?.[0].field]).to.deep.equal([email, 400, "email"]);
      expect(answer.body.detail).to.equal("Use an address of example.com or bücher.de or example.org: only those can sign up here.");
    }
  });

  it("is nobody with a throw-away mailbox, where those are refused", async () => {
    foyer = await startFoyer({ policy: { ...OPEN, refuseDisposable: true } });
    for (const email of ["a@mailinator.com", "a@some.mailinator.com", "a@very.deep.mailinator.com"]) {
      expect((await register(email)).body.detail).to.include("throw-away");
    }
    for (const email of ["a@example.com", "a@co.uk.example.com"]) expect((await register(email)).status).to.equal(201);
  });

  it("is everybody by default", async () => {
    foyer = await startFoyer();
    expect((await register("a@mailinator.com")).status).to.equal(201);
  });
});
