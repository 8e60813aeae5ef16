import { expect } from "chai";
import type { Foyer } from "foyer";
import supertest from "supertest";
import { createApp } from "./app.ts";

describe("an app with accounts", () => {
  let http: ReturnType<typeof supertest>;
  let foyer: Foyer;
  before(async () => {
    const created = await createApp({ memory: true, logLevel: "silent", publicUrl: "http://localhost:3000/account" });
    foyer = created.foyer;
    http = supertest(created.app);
  });
  after(() => foyer.close());

  it("has whoever opens its notes sign in first, and come back", async () => {
    const { status, headers } = await http.get("/notes").set("Accept", "text/html");
    expect([status, headers["location"]]).to.deep.equal([303, "/account/sign-in?next=%2Fnotes"]);
    expect((await http.get("/account/sign-in?next=%2Fnotes")).text).to.include('value="/notes"');
  });
});
