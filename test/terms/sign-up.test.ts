import { expect } from "chai";
import { newAccount } from "../support/account.ts";
import { emailsTo } from "../support/emails.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";
import { acceptancesOf, agree, agreeAndVerify, TERMS } from "../support/terms.ts";

const KEPT = { ...TERMS, ip: "127.0.0.1", language: "en" };

for (const privacy of ["open", "discreet"] as const) {
  describe(`auth.register in ${privacy} mode where there are terms`, () => {
    let foyer: TestFoyer;
    beforeEach(async () => {
      foyer = await startFoyer({ terms: TERMS, privacy });
    });
    afterEach(() => foyer.stop());

    for (const [what, sent, says] of [
      ["without a version", {}, "Select that you agree to the terms of use."],
      ["with another version", { termsVersion: "2025" }, "The terms of use have changed. Read them"],
      ["with what is no text", { termsVersion: true }, "Select that you agree to the terms of use."],
    ] as const) {
      it(`refuses JSON ${what} at the field, and keeps nothing`, async () => {
        const answer = await foyer.http.post("/register").send({ email: newAddress(), password: PASSWORD, ...sent });
        const problem = expectProblem(answer, 400, "invalid_input");
        expect(problem["errors"]).to.have.length(1);
        expect(answer.body.errors[0].field).to.equal("termsVersion");
        expect(answer.body.errors[0].message).to.include(says);
        expect(await foyer.rows("sign_ups")).to.deep.equal([]);
      });
    }

    it("refuses tRPC without a version, and takes it with one", async () => {
      const input = { email: newAddress(), password: PASSWORD };
      const { data } = await failure(foyer.client.auth.register.mutate(input));
      expect(data?.refusal).to.deep.include({ code: "invalid_input" });
      const { email } = await foyer.client.auth.register.mutate({ ...input, termsVersion: TERMS.version });
      expect(email).to.equal(input.email);
      expect(await acceptancesOf(foyer)).to.deep.equal([{ user_id: null, isOfSignUp: true, ...KEPT }]);
    });

    it("by the form asks for a tick, which stays where something else is wrong", async () => {
      const form = (fields: object) => foyer.http.post("/register").type("form").send(fields);
      const { text: fresh } = await foyer.http.get("/register");
      expect(fresh).to.match(/<input type="checkbox" id="termsVersion"[^>]*value="2026-11-01"[^>]*required/);
      expect(fresh).to.include(`href="${TERMS.url}"`).and.not.include("checked");
      const email = newAddress();
      const unticked = await form({ email, password: PASSWORD });
      expect(unticked.status).to.equal(400);
      expect(unticked.text)
        .to.include('<a href="#termsVersion">Select that you agree to the terms of use.</a>')
        .and.match(/id="termsVersion"[^>]*aria-describedby="termsVersion-error"/);
      const short = await form({ email, password: "x", termsVersion: TERMS.version });
      expect(short.text).to.match(/id="termsVersion"[^>]*checked/);
      const stale = await form({ email, password: PASSWORD, termsVersion: "old" });
      expect(stale.text).to.include("The terms of use have changed").and.not.include("checked");
      expect((await form({ email, password: PASSWORD, termsVersion: TERMS.version })).status).to.equal(303);
      expect(await acceptancesOf(foyer)).to.have.length(1);
    });

    it("keeps the acceptance with the sign-up or not at all", async () => {
      await foyer.sql("alter table acceptances add constraint none check (false) not valid");
      const { status } = await agree(foyer);
      expect(status).to.equal(500);
      for (const table of ["sign_ups", "users", "emails"]) expect(await foyer.rows(table), table).to.deep.equal([]);
    });

    it("writes it again as the account's once that is verified, with its time, and leaves the first as it was", async () => {
      const { id } = await agreeAndVerify(foyer);
      const rows = await foyer.rows("acceptances");
      expect(await acceptancesOf(foyer)).to.deep.equal([
        { user_id: null, isOfSignUp: true, ...KEPT },
        { user_id: id, isOfSignUp: false, ...KEPT },
      ]);
      expect(rows[1]?.["accepted_at"]).to.deep.equal(rows[0]?.["accepted_at"]);
    });

    it("keeps the account's when the sign-up is purged", async () => {
      const { id } = await agreeAndVerify(foyer);
      await foyer.travel("30 days");
      await foyer.purge();
      expect((await acceptancesOf(foyer)).map(({ user_id }) => user_id)).to.deep.equal([id]);
    });

    it("takes none of a sign-up's for who verifies with a new password: that may be another person", async () => {
      const { email } = await agree(foyer);
      const [{ token }] = await emailsTo(foyer, email);
      await foyer.http.post("/verify").send({ token, newPassword: "another horse battery" });
      expect((await acceptancesOf(foyer)).filter(({ user_id }) => user_id !== null)).to.deep.equal([]);
      const { body } = await foyer.http.post("/sign-in").send({ email, password: "another horse battery" });
      expect(body.termsDue).to.deep.equal(TERMS);
    });
  });
}

describe("auth.register in discreet mode where there are terms", () => {
  it("makes the same statements for an address that is taken as for one that is free", async () => {
    const foyer = await startFoyer({ terms: TERMS, privacy: "discreet" });
    const { email } = await agreeAndVerify(foyer);
    const statements: string[] = [];
    foyer.watchStatements((sql) => statements.push(sql));
    const during = async (address: string) => {
      statements.length = 0;
      expect((await agree(foyer, address, "another horse battery")).status).to.equal(201);
      return statements.filter((sql) => /sign_ups|acceptances/.test(sql) && /^\s*with/.test(sql));
    };
    const [taken, free] = [await during(email), await during(newAddress())];
    expect(taken).to.have.length(1);
    expect(taken[0]).to.include("acceptances");
    expect(taken).to.deep.equal(free);
    await foyer.stop();
  });
});

describe("a site without terms", () => {
  it("asks for none, keeps none, and names the table in no statement but the export's", async () => {
    const foyer = await startFoyer();
    const statements: string[] = [];
    foyer.watchStatements((sql) => statements.push(sql));
    expect((await foyer.http.get("/register")).text).not.to.include("termsVersion");
    const { email } = await newAccount(foyer);
    const { body } = await foyer.http.post("/sign-in").send({ email, password: PASSWORD });
    expect(body).to.have.all.keys("id", "email", "verified");
    const document = (await foyer.http.get("/openapi.json")).body;
    const fields = document.paths["/register"].post.requestBody.content["application/json"].schema.properties;
    expect(fields).to.have.all.keys("email", "password");
    expect(statements.filter((sql) => sql.includes("acceptances"))).to.deep.equal([]);
    await foyer.stop();
  });
});

describe("what was agreed to", () => {
  it("is changed by no statement of Foyer's", async () => {
    const { readdirSync, readFileSync } = await import("node:fs");
    const { join } = await import("node:path");
    const src = join(import.meta.dirname, "../../src");
    const files = readdirSync(src, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".ts"));
    const uses = files.flatMap((name) => {
      const text = readFileSync(join(src, name), "utf8");
      return [...text.matchAll(/Acceptance\.query\(\w+\)\s*\.(\w+)|(\w+(?: \w+)?) :acceptances:/g)].map(
        ([, method, words]) => method ?? words,
      );
    });
    expect(new Set(uses)).to.deep.equal(new Set(["where", "findOne", "insert", "insert into", "1 from"]));
  });
});
