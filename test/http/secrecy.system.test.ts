import { inspect } from "node:util";
import { expect } from "chai";
import type { Caller } from "../../src/service/caller.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const CANARY = "canary-Pa55word";

describe("passwords and hashes: secrecy", () => {
  let foyer: TestFoyer;
  before(async () => {
    const many = { count: 1000, seconds: 60 };
    foyer = await startFoyer({
      logLevel: "trace",
      rateLimits: { perIp: many, perEmail: many, perMailbox: many, perDomain: many, total: many, signIn: many },
    });
  });
  after(() => foyer.stop());

  /** All rows of all tables, without the one column that holds hashes. */
  async function everythingStored() {
    const tables = await foyer.rows("information_schema.tables");
    const own = tables
      .filter(({ table_schema }) => table_schema === "public")
      .map(({ table_name }) => String(table_name));
    expect(own).to.include.members([
      "users",
      "sign_ups",
      "verification_tokens",
      "emails",
      "rate_limits",
      "secrets",
      "foyer_migrations",
    ]);
    const rows = (await Promise.all(own.map((table) => foyer.rows(table)))).flat();
    return JSON.stringify(rows.map(({ hashed_password, ...row }) => row));
  }

  it("are in no answer, no line of the log, no metric and no other column", async () => {
    const answers: string[] = [];
    const keep = (answer: { text: string; headers: object }) =>
      answers.push(answer.text, JSON.stringify(answer.headers));
    const bodies = [
      { email: "alice@example.com", password: CANARY },
      { email: "alice@example.com", password: CANARY },
      { email: CANARY, password: CANARY },
      { email: "bob@example.com", password: `${CANARY}\n` },
      { email: `${CANARY}@example.com`, password: CANARY },
    ];
    for (const body of bodies) {
      keep(await foyer.register(body.email, body.password));
      keep(await foyer.registerByForm("bob", body.password));
      keep(await foyer.http.post("/trpc/auth.register").send(body));
    }
    const json = JSON.stringify(bodies[0]);
    for (const path of ["/register", "/trpc/auth.register"]) {
      keep(await foyer.http.post(path).type("json").send(json.slice(0, -1)));
      keep(await foyer.http.post(path).type("json").send(`x${json}`));
      keep(
        await foyer.http
          .post(path)
          .type("json")
          .send(json + " ".repeat(20_000)),
      );
      keep(await foyer.http.post(path).type("text/plain").send(json));
      keep(
        await foyer.http
          .get(`${path}?password=${CANARY}`)
          .set("Cookie", CANARY)
          .set("Authorization", CANARY)
          .set("User-Agent", CANARY),
      );
    }
    keep(await foyer.http.get(`/${CANARY}`));
    const hashes = (await foyer.users()).map((user) => user.hashed_password);
    expect(hashes.length).to.be.at.least(1);
    expect(foyer.logged().split("\n").length).to.be.greaterThan(20);
    const metrics = (await foyer.http.get("/metrics")).text;
    const stored = await everythingStored();
    expect(stored).to.include("alice@example.com").and.include("points");
    for (const secret of [CANARY, ...hashes]) {
      expect(foyer.logged()).not.to.include(secret);
      expect(answers.join("\n")).not.to.include(secret);
      expect(metrics).not.to.include(secret);
      expect(stored).not.to.include(secret);
    }
  });

  it("are not in an error that a procedure throws, however closely it is looked at", async () => {
    const broken = await startFoyer();
    await broken.breakInserts();
    const nothing = () => {};
    const caller: Caller = {
      ...{ ip: "127.0.0.1", requestId: "1", userAgent: "", returnTo: undefined },
      ...{ language: "en", signal: new AbortController().signal },
      ...{ credential: () => undefined, isOfOtherOrigin: false, keepSession: nothing, forgetSession: nothing },
      ...{ deviceSecrets: [], newDeviceSecret: "", keepDeviceSecrets: nothing },
      ...{ knownProofs: [], keepKnownProofs: nothing },
    };
    const fault = await broken.procedures.register
      .run({ email: "dave@example.com", password: CANARY }, caller)
      .catch((error: unknown) => error);
    expect(fault).to.be.instanceOf(Error);
    const seen = inspect(fault, { depth: Number.POSITIVE_INFINITY, showHidden: true });
    expect(seen)
      .to.include("no_more_users")
      .and.not.match(/canary|\$2b\$|dave/);
    await broken.stop();
  });

  it("are in no answer and no line of the log where the database refuses a row", async () => {
    await foyer.breakInserts();
    const answer = await foyer.register("carol@example.com", CANARY);
    expect(expectProblem(answer, 500, "internal_server_error")).to.have.all.keys(
      "type",
      "title",
      "status",
      "detail",
      "code",
    );
    expect(answer.text).not.to.match(/users|insert|canary/i);
    const page = await foyer.registerByForm("carol@example.com", CANARY);
    expect([page.status, page.type]).to.deep.equal([500, "text/html"]);
    expect(page.text).to.include(page.headers["x-request-id"]);
    const trpc = await foyer.http.post("/trpc/auth.register").send({ email: "carol@example.com", password: CANARY });
    expect(trpc.body.error.data).to.deep.equal({
      httpStatus: 500,
      code: "INTERNAL_SERVER_ERROR",
      path: "auth.register",
    });
    const faults = foyer
      .logged()
      .split("\n")
      .filter((line) => line.includes('"level":50'));
    expect(faults).to.have.length(3);
    for (const line of faults) expect(JSON.parse(line).err.message).to.include("no_more_users");
    expect(foyer.logged()).not.to.match(/\$2b\$|canary/i);
  });
});

describe("the log of requests", () => {
  it("has one line for each request, with id, method, route, status and duration", async () => {
    const foyer = await startFoyer({ logLevel: "info" });
    const answer = await foyer.http.post("/register?x=1").send({});
    const lines = foyer
      .logged()
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(lines).to.have.length(1);
    expect(lines[0]).to.include({
      requestId: answer.headers["x-request-id"],
      method: "POST",
      route: "/register",
      status: 400,
    });
    expect(lines[0].milliseconds).to.be.a("number");
    await foyer.stop();
  });
});
