import bcrypt from "bcrypt";
import { expect } from "chai";
import { verifyPassword } from "../../src/hashing/password-hash.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("POST /register with JSON", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ bcryptCost: 5 });
  });
  after(() => foyer.stop());

  function post(body: object) {
    return foyer.http.post("/register").send(body);
  }

  it("registers alice@example.com with secret123 and answers with id and email alone", async () => {
    const answer = await post({ email: "alice@example.com", password: "secret123" });
    expect(answer.status).to.equal(201);
    expect(answer.body).to.deep.equal({ id: 1, email: "alice@example.com" });
    const [user] = await foyer.users();
    expect(user?.hashed_password).to.match(/^\$2b\$05\$/);
    expect(user?.toJSON()).to.have.all.keys("id", "email", "email_key", "email_verified_at", "confirm_by", "created_at", "updated_at");
  });

  for (const email of ["alice@example.com", "Alice@EXAMPLE.com", "  alice@example.com ", "alice@ｅxample。com"]) {
    it(`refuses ${JSON.stringify(email)} as registered already`, async () => {
      const answer = await post({ email, password: "another secret" });
      expect(answer.status).to.equal(400);
      expect(answer.type).to.equal("application/problem+json");
      expect(answer.body).to.deep.equal({
        type: "urn:foyer:problem:email_taken",
        title: "Email already registered",
        status: 400,
        detail: "Email already registered",
        code: "email_taken",
      });
    });
  }

  it("answers with the address as mail is sent to it", async () => {
    const answer = await post({ email: "Jörg.Müller@BÜCHER.de", password: "secret123" });
    expect(answer.body.email).to.equal("Jörg.Müller@xn--bcher-kva.de");
  });

  it("says of each field what to do, and stores nothing", async () => {
    const before = await foyer.users();
    const answer = await post({ email: "bob", password: "short" });
    expect(answer.status).to.equal(400);
    expect(answer.body).to.deep.equal({
      type: "urn:foyer:problem:invalid_input",
      title: "Invalid input",
      status: 400,
      detail: "Enter an email address with an @, as in name@example.com. Use at least 8 characters; this password has 5.",
      code: "invalid_input",
      errors: [
        { field: "email", message: "Enter an email address with an @, as in name@example.com." },
        { field: "password", message: "Use at least 8 characters; this password has 5." },
      ],
    });
    expect(await foyer.users()).to.have.length(before.length);
  });

  it("counts a password of 256 characters beyond ASCII to the last", async () => {
    const password = "🔑".repeat(255);
    expect((await post({ email: "long@example.com", password: `${password}a` })).status).to.equal(201);
    const stored = (await foyer.users()).at(-1)?.hashed_password ?? "";
    expect(await verifyPassword(`${password}a`, stored, bcrypt)).to.equal(true);
    expect(await verifyPassword(`${password}b`, stored, bcrypt)).to.equal(false);
  });

  it("takes no other constraint of the table for that of the address", async () => {
    const other = await startFoyer();
    await other.allowOneUser();
    const statuses = [];
    for (const email of ["one@example.com", "two@example.com"]) {
      statuses.push((await other.http.post("/register").send({ email, password: "secret123" })).status);
    }
    expect(statuses).to.deep.equal([201, 500]);
    await other.stop();
  });

  it("gives fifty who ask at once through all doors one account and forty-nine plain refusals", async () => {
    const account = { email: "race@example.com", password: "secret123" };
    const doors = [
      async () => (await post(account)).status,
      async () => (await foyer.http.post("/register").type("form").send(account)).status,
      () =>
        foyer.client.auth.register.mutate(account).then(
          () => 201,
          (error) => error.data?.httpStatus,
        ),
    ];
    const statuses = await Promise.all(Array.from({ length: 50 }, (_, n) => doors[n % doors.length]?.()));
    const successes = statuses.filter((status) => status === 201 || status === 303);
    expect(successes).to.have.length(1);
    expect(statuses.filter((status) => status === 400)).to.have.length(49);
    expect((await foyer.users()).filter(({ email }) => email === account.email)).to.have.length(1);
  });
});
