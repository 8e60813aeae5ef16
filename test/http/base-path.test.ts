import { expect } from "chai";
import express from "express";
import supertest from "supertest";
import { cookieOf } from "../support/account.ts";
import { emailAbout } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

const LINK = /(?:href|action|src)="([^"]+)"/g;

/** Also a path of Foyer's own, which its pages below `/account/account` make hard to tell apart. */
const BASE = "/account";

for (const [how, prefix] of [
  ["takes it off", ""],
  ["leaves it on", BASE],
] as const) {
  describe(`a PUBLIC_URL with a path, behind a proxy that ${how}`, () => {
    let foyer: TestFoyer;
    before(async () => {
      foyer = await startFoyer({ publicUrl: new URL("http://localhost:3000/account/") });
    });
    after(() => foyer.stop());

    const html = { Accept: "text/html" };
    const get = (page: string, headers = {}) => foyer.http.get(`${prefix}${page}`).set({ ...html, ...headers });
    const post = (page: string, body: object, headers = {}) =>
      foyer.http.post(`${prefix}${page}`).type("form").set(headers).send(body);

    async function newSession() {
      const email = newAddress();
      await foyer.registerByForm(email);
      const { token } = await emailAbout(foyer, email, "Verify your email address");
      await foyer.verify(token);
      return { email, Cookie: cookieOf(await post("/sign-in", { email, password: PASSWORD })), Origin: foyer.url };
    }

    it("has every link, form and asset of each page below it", async () => {
      const { Cookie } = await newSession();
      for (const page of [
        ...[
          "/register",
          "/welcome",
          "/verify",
          "/sign-in",
          "/sign-in?out",
          "/reset",
          "/reset?token=x",
          "/docs",
          "/account",
        ],
        ...["/account/password", "/account/email", "/account/sessions", "/account/delete", "/account/email/undone"],
      ]) {
        const { text } = await get(page, page.startsWith("/account") ? { Cookie } : {});
        const links = Array.from(text.matchAll(LINK), ([, link = ""]) => link).filter((link) => !link.startsWith("#"));
        expect(links, page).not.to.deep.equal([]);
        for (const link of links) expect(link, page).to.match(/^\/account\//);
      }
    });

    it("serves all that its pages lead to", async () => {
      const { Cookie } = await newSession();
      const { text } = await get("/account", { Cookie });
      const links = Array.from(text.matchAll(/(?:href|src)="([^"]+)"/g), ([, link = ""]) => link.slice(BASE.length));
      expect(links).to.include("/account/sessions").and.include("/account/export");
      for (const link of links) expect((await get(link, { Cookie })).status, link).to.be.below(400);
    });

    it("redirects below it, to the form that signs in and back", async () => {
      const { headers } = await get("/account/sessions");
      expect(headers["location"]).to.equal("/account/sign-in?next=%2Faccount%2Faccount%2Fsessions");
      const { email } = await newSession();
      const signedIn = await post("/sign-in", { email, password: PASSWORD, next: "/account/account/sessions" });
      expect(signedIn.headers["location"]).to.equal("/account/account/sessions");
      expect((await post("/sign-in", { email, password: PASSWORD })).headers["location"]).to.equal("/account/account");
      expect((await post("/register", { email: newAddress(), password: PASSWORD })).headers["location"]).to.equal(
        "/account/welcome",
      );
    });

    it("leads there from emails", async () => {
      const { email } = await newSession();
      await post("/reset", { email });
      const { text } = await emailAbout(foyer, email, "Set a new password");
      expect(text).to.match(/^http:\/\/localhost:3000\/account\/reset\?token=[\w-]{43}$/m);
    });

    it("answers JSON and tRPC, and says so in the OpenAPI document", async () => {
      const email = newAddress();
      const registered = await foyer.http.post(`${prefix}/register`).send({ email, password: PASSWORD });
      expect(registered.status).to.equal(201);
      expect((await foyer.http.get(`${prefix}/trpc/auth.session`)).status).to.equal(200);
      expect((await foyer.http.get(`${prefix}/sessions`)).status).to.equal(401);
      const { body } = await foyer.http.get(`${prefix}/openapi.json`);
      expect(body.servers).to.deep.equal([{ url: BASE }]);
    });

    it("sets its cookies for the whole origin, as their prefix asks", async () => {
      const { email } = await newSession();
      const { headers } = await post("/sign-in", { email, password: PASSWORD });
      for (const cookie of [headers["set-cookie"]].flat()) expect(cookie).to.include("Path=/;");
    });
  });
}

describe("an app in Express that mounts Foyer at a path", () => {
  it("has every link of its pages below that, whatever PUBLIC_URL says", async () => {
    const foyer = await startFoyer();
    const app = supertest(express().use("/members", foyer.self().foyer.app));
    const { text } = await app.get("/members/sign-in");
    for (const [, link] of text.matchAll(LINK)) expect(link).to.match(/^\/members\//);
    expect((await app.get("/members/account")).headers["location"]).to.equal(
      "/members/sign-in?next=%2Fmembers%2Faccount",
    );
    await foyer.stop();
  });
});
