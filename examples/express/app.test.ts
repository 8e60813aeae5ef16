import { expect } from "chai";
import supertest from "supertest";
import { createApp } from "./app.ts";

describe("an app with accounts", () => {
  let made: Awaited<ReturnType<typeof createApp>>;
  before(async () => {
    made = await createApp({ memory: true, logLevel: "silent" });
  });
  after(() => made.foyer.close());

  it("has whoever opens its notes sign in first, and come back", async () => {
    const { status, headers } = await supertest(made.app).get("/notes").set("Accept", "text/html");
    expect([status, headers["location"]]).to.deep.equal([303, "/account/sign-in?next=%2Fnotes"]);
    const signIn = await supertest(made.app).get("/account/sign-in?next=%2Fnotes");
    expect(signIn.text).to.include('value="/notes"');
  });

  it("has Foyer's procedures among its own", async () => {
    const account = { email: "alice@example.com", password: "secret123" };
    const registered = await supertest(made.app).post("/trpc/auth.register").send(account);
    expect(registered.body.result.data).to.deep.equal({ id: 1, email: "alice@example.com" });
    expect((await supertest(made.app).get("/trpc/notes")).status).to.equal(401);
  });
});
