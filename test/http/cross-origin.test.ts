import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const APP = "https://app.example.com";
const ACCOUNT = { email: "alice@example.com", password: "secret123" };

describe("a frontend of another origin", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  function preflight(path: string, origin: string) {
    return foyer.http
      .options(path)
      .set({ Origin: origin, "Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "content-type" });
  }

  it("is refused unless it is named", async () => {
    foyer = await startFoyer();
    for (const path of ["/register", "/trpc/auth.register"]) {
      expect((await preflight(path, APP)).headers).not.to.have.property("access-control-allow-origin");
      expect((await foyer.http.post(path).set({ Origin: APP, "Sec-Fetch-Site": "cross-site" }).send(ACCOUNT)).status).to.equal(403);
    }
  });

  it("may use JSON and tRPC where it is named, but never the pages", async () => {
    foyer = await startFoyer({ corsOrigins: [APP] });
    for (const [n, path] of ["/register", "/trpc/auth.register"].entries()) {
      const asked = await preflight(path, APP);
      expect([asked.status, asked.headers["access-control-allow-origin"]]).to.deep.equal([204, APP]);
      expect(asked.headers).not.to.have.property("access-control-allow-credentials");
      const answer = await foyer.http
        .post(path)
        .set({ Origin: APP, "Sec-Fetch-Site": "cross-site" })
        .send({ ...ACCOUNT, email: `n${n}@example.com` });
      expect(answer.status).to.be.below(202);
      expect(answer.headers["access-control-allow-origin"]).to.equal(APP);
      expect(answer.headers["access-control-expose-headers"]).to.include("Retry-After");
      for (const other of ["https://evil.example", `${APP}.evil.example`, "null"]) {
        expect((await preflight(path, other)).headers).not.to.have.property("access-control-allow-origin");
        expect((await foyer.http.post(path).set({ Origin: other, "Sec-Fetch-Site": "cross-site" }).send(ACCOUNT)).status).to.equal(403);
      }
    }
    const form = await foyer.http.post("/register").type("form").set({ Origin: APP, "Sec-Fetch-Site": "cross-site" }).send(ACCOUNT);
    expect(form.status).to.equal(403);
    for (const path of ["/register", "/welcome", "/assets/foyer.css"]) {
      expect((await foyer.http.get(path).set("Origin", APP)).headers).not.to.have.property("access-control-allow-origin");
    }
  });
});
