import { expect } from "chai";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the typed client's auth.register", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
    await foyer.register("alice@example.com");
  });
  after(() => foyer.stop());

  it("gives the id and the address of the account", async () => {
    const other = await startFoyer();
    const account = await other.client.auth.register.mutate({ email: "alice@example.com", password: PASSWORD });
    expect(account).to.deep.equal({ id: 1, email: "alice@example.com" });
    await other.stop();
  });

  it("rejects with invalid_input, and what to do for each field", async () => {
    const { message, data } = await failure(foyer.client.auth.register.mutate({ email: "bob", password: "short" }));
    expect(data).to.deep.equal({
      httpStatus: 400,
      code: "BAD_REQUEST",
      path: "auth.register",
      refusal: {
        code: "invalid_input",
        fields: [
          { field: "email", message: "Enter an email address with an @, like name@example.com." },
          { field: "password", message: "Use at least 8 characters; this password has 5." },
        ],
      },
    });
    expect(message).to.include("Use at least 8 characters");
  });

  it("rejects with email_taken when the address has an account", async () => {
    const { message, data, shape } = await failure(
      foyer.client.auth.register.mutate({ email: "ALICE@example.com", password: PASSWORD }),
    );
    expect(data?.refusal).to.deep.equal({ code: "email_taken" });
    expect([message, data?.code, shape?.code]).to.deep.equal(["Email already registered", "BAD_REQUEST", -32600]);
  });

  it("sends twenty-five calls in as many requests as it takes", async () => {
    const calls = Array.from({ length: 25 }, (_, n) =>
      foyer.client.auth.register.mutate({ email: `n${n}@example.com`, password: PASSWORD }),
    );
    expect(new Set((await Promise.all(calls)).map(({ id }) => id)).size).to.equal(25);
  });
});

describe("POST /trpc/auth.register", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  function sendBatch(count: number) {
    const calls = Array.from({ length: count }, (_, n) => [n, { email: `b${n}@example.com`, password: PASSWORD }]);
    return foyer.http
      .post(`/trpc/${Array(count).fill("auth.register").join(",")}?batch=1`)
      .send(Object.fromEntries(calls));
  }

  for (const count of [11, 100]) {
    it(`answers 400 to a batch of ${count} calls, and makes none of its accounts`, async () => {
      const before = await foyer.users();
      expect((await sendBatch(count)).status).to.equal(400);
      expect(await foyer.users()).to.have.length(before.length);
    });
  }

  it("makes the accounts of a batch of ten calls", async () => {
    const before = await foyer.users();
    expect((await sendBatch(10)).body).to.have.length(10);
    expect(await foyer.users()).to.have.length(before.length + 10);
  });

  for (const [what, path, status, code] of [
    ["a procedure that does not exist", "/trpc/auth.forget", 404, "NOT_FOUND"],
    ["GET", "/trpc/auth.register", 405, "METHOD_NOT_SUPPORTED"],
  ] as const) {
    it(`answers ${status} ${code} to ${what}`, async () => {
      const answer = await foyer.http.get(path);
      expect([answer.status, answer.body.error.data.code]).to.deep.equal([status, code]);
      expect(answer.text).not.to.match(/stack|node_modules/);
    });
  }

  it("answers a refusal with its own status where no stream is asked for", async () => {
    const answer = await foyer.http.post("/trpc/auth.register?batch=1").send({ 0: { email: "no" } });
    expect([answer.status, answer.type]).to.deep.equal([400, "application/json"]);
  });

  for (const method of ["put", "delete", "head"] as const) {
    it(`answers 405 to ${method.toUpperCase()}, and names the methods that it takes`, async () => {
      const answer = await foyer.http[method]("/trpc/auth.register");
      expect([answer.status, answer.headers["allow"]]).to.deep.equal([405, "GET, POST"]);
    });
  }

  it("answers 405 to PUT with a body", async () => {
    expect((await foyer.http.put("/trpc/auth.register").send({})).status).to.equal(405);
  });

  it("answers 413 PAYLOAD_TOO_LARGE to a body over 16 KiB", async () => {
    const answer = await foyer.http.post("/trpc/auth.register").send({ email: "x".repeat(20_000) });
    expect([answer.status, answer.body.error.data.code]).to.deep.equal([413, "PAYLOAD_TOO_LARGE"]);
  });
});
