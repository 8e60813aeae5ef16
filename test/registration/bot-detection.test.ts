import { expect } from "chai";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { waitFor } from "../support/wait-for.ts";

const PERSON = { email: "person@example.com", password: PASSWORD };

/** The signed time at which a form was rendered. */
async function renderedOf(foyer: TestFoyer) {
  const { text } = await foyer.http.get("/register");
  return /name="rendered" value="([^"]+)"/.exec(text)?.[1] ?? "";
}

/** Sends the form, and gives how many accounts there are after the answer, which is the same for bots and people. */
async function post(foyer: TestFoyer, form: object) {
  const answer = await foyer.http.post("/register").type("form").send(form);
  expect([answer.status, answer.headers["location"]]).to.deep.equal([303, "/welcome"]);
  return (await foyer.users()).length;
}

async function counted(foyer: TestFoyer) {
  const { text } = await foyer.http.get("/metrics");
  return ["honeypot", "too_fast"].map((reason) =>
    Number(text.split(`foyer_bots_total{reason="${reason}"} `)[1]?.split("\n")[0]),
  );
}

describe("a form whose hidden field is filled", () => {
  it("is answered as if all were well, makes no account, and is logged and counted", async () => {
    const foyer = await startFoyer({ botDetection: { honeypot: true, minFillMs: 300 } });
    expect(await counted(foyer)).to.deep.equal([0, 0]);
    const rendered = await renderedOf(foyer);
    expect(await post(foyer, { ...PERSON, rendered, topic: "buy" })).to.equal(0);
    expect(await post(foyer, { ...PERSON, topic: "buy" })).to.equal(0);
    expect(foyer.logged()).to.include("a bot filled the hidden field").and.not.include("filled too fast");
    expect(await counted(foyer)).to.deep.equal([2, 0]);
    await foyer.stop();
  });

  it("makes an account with FORM_HONEYPOT=off, and the form has no such field", async () => {
    const foyer = await startFoyer({ botDetection: { honeypot: false, minFillMs: 0 } });
    const { text } = await foyer.http.get("/register");
    expect(text).not.to.match(/name="(topic|rendered)"/);
    expect(await post(foyer, { ...PERSON, topic: "buy", rendered: "x" })).to.equal(1);
    await foyer.stop();
  });
});

describe("a form that comes sooner than a person fills it", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  it("waits until a person would have filled it, then makes its account, and is logged and counted", async () => {
    foyer = await startFoyer({ botDetection: { honeypot: true, minFillMs: 2000 } });
    const rendered = await renderedOf(foyer);
    expect(await post(foyer, { ...PERSON, rendered, topic: "" })).to.equal(1);
    expect(Date.now() - Number(rendered.split(".")[0])).to.be.at.least(1990);
    expect(foyer.logged()).to.include("filled too fast");
    expect(await counted(foyer)).to.deep.equal([0, 1]);
  });

  it("is not counted again when it is sent once more, as old as that by now", async () => {
    foyer = await startFoyer({ botDetection: { honeypot: true, minFillMs: 2000 } });
    const rendered = await renderedOf(foyer);
    expect(await post(foyer, { ...PERSON, rendered, topic: "" })).to.equal(1);
    expect(await post(foyer, { ...PERSON, email: "second@example.com", rendered, topic: "" })).to.equal(2);
    expect(await counted(foyer)).to.deep.equal([0, 1]);
  });

  it("makes no account when its client does not wait", async () => {
    foyer = await startFoyer({ botDetection: { honeypot: true, minFillMs: 10_000 } });
    const body = new URLSearchParams({ ...PERSON, rendered: await renderedOf(foyer) });
    const leaving = new AbortController();
    const asked = fetch(`${foyer.url}/register`, { method: "POST", body, signal: leaving.signal });
    await waitFor(async () => (await counted(foyer))[1] === 1 || undefined);
    leaving.abort();
    expect(await asked.catch(({ name }) => name)).to.equal("AbortError");
    await waitFor(async () => foyer.logged().includes("499") || undefined);
    expect(await foyer.rows("sign_ups")).to.deep.equal([]);
  });

  it("is detected by the time in a form that came back with errors too", async () => {
    foyer = await startFoyer({ botDetection: { honeypot: true, minFillMs: 300 } });
    const { text } = await foyer.registerByForm("no", "no");
    expect(text)
      .to.include('name="topic"')
      .and.match(/name="rendered" value="\d+\.[\w-]{43}"/);
  });

  it("is detected by a time that was signed before a restart, for the key is the database's", async () => {
    foyer = await startFoyer({ botDetection: { honeypot: true, minFillMs: 60_000 } });
    expect((await foyer.rows("secrets")).map(({ name }) => name)).to.include("form");
    const rendered = await renderedOf(foyer);
    await foyer.restart();
    const body = new URLSearchParams({ ...PERSON, rendered });
    const leaving = new AbortController();
    const asked = fetch(`${foyer.url}/register`, { method: "POST", body, signal: leaving.signal }).catch(() => {});
    await waitFor(async () => (await counted(foyer))[1] === 1 || undefined);
    leaving.abort();
    await asked;
  });
});

describe("a form without a signed time of this database", () => {
  let foyer: TestFoyer;
  let foreign: string;
  before(async () => {
    const botDetection = { honeypot: true, minFillMs: 60_000 };
    const other = await startFoyer({ botDetection });
    foreign = await renderedOf(other);
    await other.stop();
    foyer = await startFoyer({ botDetection });
  });
  after(() => foyer.stop());

  it("makes an account at once: posted without the form, with another database's time, or a time nobody signed", async () => {
    const [then = "", signature = ""] = (await renderedOf(foyer)).split(".");
    const started = Date.now();
    const times = [foreign, `${Number(then) - 60_000}.${signature}`, `${then}.`, "x", ""];
    for (const [n, rendered] of times.entries()) {
      expect(await post(foyer, { ...PERSON, email: `n${n}@example.com`, rendered, topic: "" })).to.equal(n + 1);
    }
    expect(await post(foyer, { ...PERSON, email: "program@example.com" })).to.equal(times.length + 1);
    expect(Date.now() - started).to.be.below(30_000);
    expect(await counted(foyer)).to.deep.equal([0, 0]);
  });

  for (const rendered of ["", ["1", "2"]]) {
    it(`is answered 400 at once where its fields are invalid and the time is ${JSON.stringify(rendered)}`, async () => {
      const started = Date.now();
      const answer = await foyer.http.post("/register").type("form").send({ email: "no", rendered });
      expect(answer.status).to.equal(400);
      expect(Date.now() - started).to.be.below(30_000);
      expect(await counted(foyer)).to.deep.equal([0, 0]);
    });
  }
});
