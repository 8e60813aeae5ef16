import { expect } from "chai";
import { fits } from "../support/bcrypt.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("POST /register with JSON", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ bcryptCost: 5 });
    await foyer.register("alice@example.com");
  });
  after(() => foyer.stop());

  it("answers 201 with the id and the address alone, when alice@example.com registers with secret123", async () => {
    const other = await startFoyer();
    const answer = await other.register("alice@example.com", "secret123");
    expect(answer.status).to.equal(201);
    expect(answer.body).to.deep.equal({ id: 1, email: "alice@example.com" });
    await other.stop();
  });

  it("stores a bcrypt hash of the cost that is set", async () => {
    const [user] = await foyer.users();
    expect(user?.hashed_password).to.match(/^\$2b\$05\$/);
  });

  it("stores an account whose JSON has no hash", async () => {
    const [user] = await foyer.users();
    expect(user?.toJSON()).to.have.all.keys(
      "id",
      "email",
      "email_key",
      "email_verified_at",
      "unverified_expires_at",
      "session_epoch",
      "disabled_at",
      "deletes_at",
      "language",
      "created_at",
      "updated_at",
    );
  });

  for (const email of ["alice@example.com", "Alice@EXAMPLE.com", "  alice@example.com ", "alice@ｅxample。com"]) {
    it(`answers 400 email_taken to ${JSON.stringify(email)} after alice@example.com`, async () => {
      const answer = await foyer.register(email, "another secret");
      expect(expectProblem(answer, 400, "email_taken")).to.deep.equal({
        type: "urn:foyer:problem:email_taken",
        title: "Email already registered",
        status: 400,
        detail: "Email already registered",
        code: "email_taken",
      });
    });
  }

  it("answers with the address as emails are sent to it", async () => {
    const answer = await foyer.register("Jörg.Müller@BÜCHER.de");
    expect(answer.body.email).to.equal("Jörg.Müller@xn--bcher-kva.de");
  });

  it("answers 400 invalid_input with what to do for each field, and stores nothing", async () => {
    const before = await foyer.users();
    const answer = await foyer.register("bob", "short");
    expect(expectProblem(answer, 400, "invalid_input")).to.deep.equal({
      type: "urn:foyer:problem:invalid_input",
      title: "Invalid input",
      status: 400,
      detail:
        "Enter an email address with an @, like name@example.com. Use at least 8 characters; this password has 5.",
      code: "invalid_input",
      errors: [
        { field: "email", message: "Enter an email address with an @, like name@example.com." },
        { field: "password", message: "Use at least 8 characters; this password has 5." },
      ],
    });
    expect(await foyer.users()).to.have.length(before.length);
  });

  it("hashes all of a password of 256 characters beyond ASCII, to the last", async () => {
    const password = "🔑".repeat(255);
    expect((await foyer.register("long@example.com", `${password}a`)).status).to.equal(201);
    const stored = (await foyer.users()).at(-1)?.hashed_password ?? "";
    expect(await fits(`${password}a`, stored)).to.equal(true);
    expect(await fits(`${password}b`, stored)).to.equal(false);
  });

  it("answers 500, not email_taken, when another constraint of the table is violated", async () => {
    const other = await startFoyer();
    await other.allowOneUser();
    const statuses = [];
    for (const email of ["one@example.com", "two@example.com"]) statuses.push((await other.register(email)).status);
    expect(statuses).to.deep.equal([201, 500]);
    await other.stop();
  });
});

describe("registering one address fifty times at once, by JSON, form and tRPC", () => {
  it("makes one account and answers 400 to the other forty-nine", async () => {
    const foyer = await startFoyer({ bcryptCost: 5 });
    const account = { email: "race@example.com", password: "secret123" };
    const transports = [
      async () => (await foyer.register(account.email)).status,
      async () => (await foyer.registerByForm(account.email)).status,
      () =>
        foyer.client.auth.register.mutate(account).then(
          () => 201,
          (error) => error.data?.httpStatus,
        ),
    ];
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, n) => transports[n % transports.length]?.()));
    const successes = statuses.filter((status) => status === 201 || status === 303);
    expect(successes).to.have.length(1);
    expect(statuses.filter((status) => status === 400)).to.have.length(49);
    expect((await foyer.users()).filter(({ email }) => email === account.email)).to.have.length(1);
    await foyer.stop();
  });
});
