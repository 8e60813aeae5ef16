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

  it("is answered as if all were well, and has no account", async () => {
    foyer = await startFoyer({ robotTrap: { honeypot: true, minFillMs: 300 } });
    const time = await given();
    expect(await post({ ...PERSON, given: time })).to.equal(0);
    expect(await post({ ...PERSON, given: time, topic: "buy" })).to.equal(0);
    expect(await post({ ...PERSON, topic: "buy" })).to.equal(0);
    const [then = "", signature = ""] = time.split(".");
    expect(await post({ ...PERSON, given: `${Number(then) - 60_000}.${signature}` })).to.equal(0);
    expect(foyer.logged()).to.include("filled too fast").and.include("the hidden field was filled").and.include("forged");
    await setTimeout(400);
    expect(await post({ ...PERSON, given: time, topic: "" })).to.equal(1);
    for (const odd of ["", ["1", "2"]])
      expect((await foyer.http.post("/register").type("form").send({ email: "no", given: odd })).status).to.equal(400);
    // A program that never asked for the form.
    expect(await post({ ...PERSON, email: "program@example.com" })).to.equal(2);
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
