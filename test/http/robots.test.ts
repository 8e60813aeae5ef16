import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const PERSON = { email: "person@example.com", password: "secret123" };

describe("a robot that fills in the form", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  async function given() {
    const { text } = await foyer.http.get("/register");
    return /name="given" value="([^"]+)"/.exec(text)?.[1] ?? "";
  }

  async function post(form: object) {
    const answer = await foyer.http.post("/register").type("form").send(form);
    expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/welcome"]);
    return (await foyer.users()).length;
  }

  async function counted() {
    const { text } = await foyer.http.get("/metrics");
    return ["honeypot", "too_fast"].map((reason) => Number(text.split(`foyer_robots_total{reason="${reason}"} `)[1]?.split("\n")[0]));
  }

  it("is answered as if all were well, and has no account, where it fills the hidden field", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 300 } });
    expect(await counted()).to.deep.equal([0, 0]);
    const time = await given();
    expect(await post({ ...PERSON, given: time, topic: "buy" })).to.equal(0);
    expect(await post({ ...PERSON, topic: "buy" })).to.equal(0);
    expect(foyer.logged()).to.include("the hidden field was filled").and.not.include("filled too fast");
    expect(await counted()).to.deep.equal([2, 0]);
  });

  it("waits until a person would have filled it, and then has its account", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 600 } });
    const time = await given();
    expect(await post({ ...PERSON, given: time, topic: "" })).to.equal(1);
    expect(Date.now() - Number(time.split(".")[0])).to.be.at.least(590);
    expect(foyer.logged()).to.include("filled too fast");
    expect(await counted()).to.deep.equal([0, 1]);
    // As old as that by now.
    expect(await post({ ...PERSON, email: "second@example.com", given: time, topic: "" })).to.equal(2);
    expect(await counted()).to.deep.equal([0, 1]);
  });

  it("has no account where it does not wait", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 600 } });
    const body = new URLSearchParams({ ...PERSON, given: await given() });
    const asked = fetch(`${foyer.url}/register`, { method: "POST", body, signal: AbortSignal.timeout(100) });
    expect(await asked.catch(({ name }) => name)).to.equal("TimeoutError");
    while (!foyer.logged().includes("499")) await setTimeout(20);
    expect(await foyer.rows("sign_ups")).to.deep.equal([]);
  });

  it("is not who posts without the form, with a form of another database, or with one that nobody signed", async () => {
    const other = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 10_000 } });
    const [, foreign = ""] = /name="given" value="([^"]+)"/.exec((await other.http.get("/register")).text) ?? [];
    await other.stop();
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 10_000 } });
    const [then = "", signature = ""] = (await given()).split(".");
    const started = Date.now();
    const times = [foreign, `${Number(then) - 60_000}.${signature}`, `${then}.`, "x", ""];
    for (const [n, time] of times.entries()) {
      expect(await post({ ...PERSON, email: `n${n}@example.com`, given: time, topic: "" })).to.equal(n + 1);
    }
    expect(await post({ ...PERSON, email: "program@example.com" })).to.equal(times.length + 1);
    for (const odd of ["", ["1", "2"]])
      expect((await foyer.http.post("/register").type("form").send({ email: "no", given: odd })).status).to.equal(400);
    expect(Date.now() - started).to.be.below(5000);
    expect(await counted()).to.deep.equal([0, 0]);
  });

  it("is caught on the form that came back with errors too", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 300 } });
    const { text } = await foyer.http.post("/register").type("form").send({ email: "no", password: "no" });
    expect(text)
      .to.include('name="topic"')
      .and.match(/name="given" value="\d+\.[\w-]{43}"/);
  });

  it("is let in where its traps are off", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: false, minFillMs: 0 } });
    const { text } = await foyer.http.get("/register");
    expect(text).not.to.match(/name="(topic|given)"/);
    expect(await post({ ...PERSON, topic: "buy", given: "x" })).to.equal(1);
  });

  it("finds times that any instance on the database signed", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 1 } });
    const secrets = await foyer.rows("secrets");
    expect(secrets).to.have.length(1);
    const time = await given();
    await foyer.restart();
    await setTimeout(5);
    expect(await post({ ...PERSON, given: time })).to.equal(1);
  });
});
