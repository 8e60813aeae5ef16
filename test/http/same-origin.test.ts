import { expect } from "chai";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

/** Stands for the address at which Foyer listens, which is not the public one. */
const SOCKET = "(its own)";

describe("the same-origin rule, behind a proxy", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ publicUrl: new URL("https://accounts.example.com"), trustProxy: "loopback" });
  });
  after(() => foyer.stop());

  const cases: [headers: Record<string, string>, passes: boolean][] = [
    [{}, true],
    [{ "Sec-Fetch-Site": "same-origin" }, true],
    [{ "Sec-Fetch-Site": "none" }, true],
    [{ "Sec-Fetch-Site": "same-site" }, false],
    [{ "Sec-Fetch-Site": "cross-site" }, false],
    [{ "Sec-Fetch-Site": "cross-site", Origin: SOCKET }, false],
    [{ Origin: SOCKET }, true],
    [{ Origin: "https://accounts.example.com" }, true],
    [{ Origin: "https://evil.example" }, false],
    [{ Origin: "https://accounts.example.com.evil.example" }, false],
    [{ Origin: "https://evil.example", "X-Forwarded-Host": "evil.example" }, false],
    [{ Origin: "null" }, false],
    [{ Cookie: "__cf_bm=x; AWSALB=y; SERVERID=z" }, true],
    [{ Cookie: "session=1; foyer-browser=x; =; %" }, true],
    [{ Cookie: "__cf_bm=x", "Sec-Fetch-Site": "same-origin" }, true],
    [{ Cookie: "__cf_bm=x", "Sec-Fetch-Site": "cross-site" }, false],
    [{ Cookie: "__cf_bm=x", Origin: "https://evil.example" }, false],
  ];
  for (const [headers, passes] of cases) {
    for (const [transport, path, type] of [
      ["a form", "/register", "application/x-www-form-urlencoded"],
      ["JSON", "/register", "application/json"],
      ["tRPC", "/trpc/auth.register", "application/json"],
    ] as const) {
      it(`${passes ? "lets through" : "refuses"} ${transport} with ${JSON.stringify(headers)}`, async () => {
        const sent = Object.fromEntries(
          Object.entries(headers).map(([name, value]) => [name, value === SOCKET ? foyer.url : value]),
        );
        const answer = await foyer.http.post(path).set("Content-Type", type).set(sent).send("");
        expect(answer.status === 403).to.equal(!passes);
      });
    }
  }

  it("says what the browser told, because Foyer does not know that there was a page", async () => {
    const refused = await foyer.http.post("/register").set("Origin", "null").send({});
    expect(expectProblem(refused, 403, "forbidden")["detail"]).to.match(
      /^Your browser says that a page of another site sent this\./,
    );
  });

  it("lets a program call again with whatever cookies it was given", async () => {
    const first = await foyer.register("alice@example.com");
    const [own = ""] = String(first.headers["set-cookie"]).split(";");
    const again = await foyer.register("bob@example.com").set("Cookie", `__cf_bm=x; ${own}; AWSALBCORS=y`);
    expect(again.status).to.equal(201);
  });

  it("does not concern requests that only read", async () => {
    expect((await foyer.http.get("/register").set("Sec-Fetch-Site", "cross-site")).status).to.equal(200);
  });

  it("keeps bodies from tRPC that another site can send without asking", async () => {
    for (const type of ["multipart/form-data; boundary=x", "application/octet-stream", "text/plain"]) {
      expect((await foyer.http.post("/trpc/auth.register").set("Content-Type", type).send("x")).status).to.equal(415);
    }
  });
});
