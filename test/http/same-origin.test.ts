import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the same-origin rule", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ publicUrl: new URL("https://accounts.example.com"), trustProxy: "loopback" });
  });
  after(() => foyer.stop());

  const cases: [headers: () => Record<string, string>, passes: boolean][] = [
    [() => ({}), true],
    [() => ({ "Sec-Fetch-Site": "same-origin" }), true],
    [() => ({ "Sec-Fetch-Site": "none" }), true],
    [() => ({ "Sec-Fetch-Site": "same-site" }), false],
    [() => ({ "Sec-Fetch-Site": "cross-site" }), false],
    [() => ({ "Sec-Fetch-Site": "cross-site", Origin: foyer.url }), false],
    [() => ({ Origin: foyer.url }), true],
    [() => ({ Origin: "https://accounts.example.com" }), true],
    [() => ({ Origin: "https://evil.example" }), false],
    [() => ({ Origin: "https://accounts.example.com.evil.example" }), false],
    [() => ({ Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" }), false],
    [() => ({ Origin: "null" }), false],
    [() => ({ Cookie: "__cf_bm=x; AWSALB=y; SERVERID=z" }), true],
    [() => ({ Cookie: "session=1; foyer-browser=x; =; %" }), true],
    [() => ({ Cookie: "__cf_bm=x", "Sec-Fetch-Site": "same-origin" }), true],
    [() => ({ Cookie: "__cf_bm=x", "Sec-Fetch-Site": "cross-site" }), false],
    [() => ({ Cookie: "__cf_bm=x", Origin: "https://evil.example" }), false],
  ];
  for (const [headers, passes] of cases) {
    for (const [door, path, type] of [
      ["pages", "/register", "application/x-www-form-urlencoded"],
      ["rest", "/register", "application/json"],
      ["trpc", "/trpc/auth.register", "application/json"],
    ] as const) {
      it(`${passes ? "lets pass" : "refuses"} at ${door} what comes with ${headers.toString().slice(6)}`, async () => {
        const answer = await foyer.http.post(path).set("Content-Type", type).set(headers()).send("");
        expect(answer.status === 403).to.equal(!passes);
      });
    }
  }

  it("says what it knows: not that there was a page, where no browser says so", async () => {
    const refused = await foyer.http.post("/register").set("Origin", "null").send({});
    expect(refused.body.detail).to.match(/^Your browser says that a page of another origin sent this\./);
  });

  it("lets a program call again that keeps whatever cookies it is given", async () => {
    const first = await foyer.http.post("/register").send({ email: "alice@example.com", password: "secret123" });
    const [own = ""] = String(first.headers["set-cookie"]).split(";");
    const again = foyer.http.post("/register").set("Cookie", `__cf_bm=x; ${own}; AWSALBCORS=y`);
    expect((await again.send({ email: "bob@example.com", password: "secret123" })).status).to.equal(201);
  });

  it("does not concern what only reads", async () => {
    expect((await foyer.http.get("/register").set("Sec-Fetch-Site", "cross-site")).status).to.equal(200);
  });

  it("lets bodies that another site can send unasked not reach tRPC", async () => {
    for (const type of ["multipart/form-data; boundary=x", "application/octet-stream", "text/plain"]) {
      expect((await foyer.http.post("/trpc/auth.register").set("Content-Type", type).send("x")).status).to.equal(415);
    }
  });
});
