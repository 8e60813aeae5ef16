import { expect } from "chai";
import { failure } from "../support/failure.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the typed client", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  it("registers", async () => {
    expect(await foyer.client.auth.register.mutate({ email: "alice@example.com", password: "secret123" })).to.deep.equal({
      id: 1,
      email: "alice@example.com",
    });
  });

  it("learns which fields are wrong, and why", async () => {
    const { message, data } = await failure(foyer.client.auth.register.mutate({ email: "bob", password: "short" }));
    expect(data).to.deep.equal({
      httpStatus: 400,
      code: "invalid_input",
      fields: [
        { field: "email", message: "Enter an email address with an @, as in name@example.com." },
        { field: "password", message: "Use at least 8 characters; this password has 5." },
      ],
    });
    expect(message).to.include("Use at least 8 characters");
  });

  it("learns that an address is taken", async () => {
    const { message, data, shape } = await failure(
      foyer.client.auth.register.mutate({ email: "ALICE@example.com", password: "secret123" }),
    );
    expect([message, data?.code, shape?.code]).to.deep.equal(["Email already registered", "email_taken", -32600]);
  });

  it("sends many calls in as many requests as it takes", async () => {
    const calls = Array.from({ length: 25 }, (_, n) =>
      foyer.client.auth.register.mutate({ email: `n${n}@example.com`, password: "secret123" }),
    );
    expect(new Set((await Promise.all(calls)).map(({ id }) => id)).size).to.equal(25);
  });

  it("gets a plain answer to a batch that is too large, and none of its accounts", async () => {
    const before = await foyer.users();
    const send = (count: number) => {
      const calls = Array.from({ length: count }, (_, n) => [n, { email: `b${n}@example.com`, password: "secret123" }]);
      return foyer.http.post(`/trpc/${Array(count).fill("auth.register").join(",")}?batch=1`).send(Object.fromEntries(calls));
    };
    for (const count of [11, 100]) expect((await send(count)).status).to.equal(400);
    expect(await foyer.users()).to.have.length(before.length);
    expect((await send(10)).body).to.have.length(10);
    expect(await foyer.users()).to.have.length(before.length + 10);
  });

  for (const [what, path, status, code] of [
    ["unknown procedures", "/trpc/auth.forget", 404, "NOT_FOUND"],
    ["GET", "/trpc/auth.register", 405, "METHOD_NOT_SUPPORTED"],
  ] as const) {
    it(`answers ${what} with ${status}`, async () => {
      const answer = await foyer.http.get(path);
      expect([answer.status, answer.body.error.data.code]).to.deep.equal([status, code]);
      expect(answer.text).not.to.match(/stack|node_modules/);
    });
  }

  it("gets a status of its own for a refusal, in whatever form it asks for the answer", async () => {
    const answer = await foyer.http
      .post("/trpc/auth.register?batch=1")
      .set("trpc-accept", "application/jsonl")
      .send({ 0: { email: "no" } });
    expect([answer.status, answer.type]).to.deep.equal([400, "application/json"]);
  });

  it("answers other methods with 405, with a body or without", async () => {
    for (const method of ["put", "delete", "head"] as const) {
      const answer = await foyer.http[method]("/trpc/auth.register");
      expect([method, answer.status, answer.headers["allow"]]).to.deep.equal([method, 405, "GET, POST"]);
    }
    expect((await foyer.http.put("/trpc/auth.register").send({})).status).to.equal(405);
  });

  it("answers a body over 16 KiB with 413", async () => {
    const answer = await foyer.http.post("/trpc/auth.register").send({ email: "x".repeat(20_000) });
    expect([answer.status, answer.body.error.data.code]).to.deep.equal([413, "PAYLOAD_TOO_LARGE"]);
  });
});
