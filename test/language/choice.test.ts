import { expect } from "chai";
import { createFoyerClient } from "../../src/client.ts";
import { newAccount } from "../support/account.ts";
import { english } from "../support/english.ts";
import { failure } from "../support/failure.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { PSEUDO, writePseudoViews } from "../support/pseudo.ts";
import { newResetToken } from "../support/reset-link.ts";

const { ltr: LTR, rtl: RTL } = PSEUDO;
const viewsDir = writePseudoViews();

describe("the language of an answer", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ languages: ["en", LTR, RTL], viewsDir });
  });
  after(() => foyer.stop());

  const page = (path: string, fields: Record<string, string> = {}) =>
    foyer.http.get(path).set({ Accept: "text/html", ...fields });
  const langOf = async (path: string, fields?: Record<string, string>) => {
    const { text, headers } = await page(path, fields);
    const [, lang] = /<html lang="([^"]+)"/.exec(text) ?? [];
    expect(headers["content-language"]).to.equal(lang);
    return lang;
  };

  for (const [asked, lang] of [
    [RTL, RTL],
    ["ar-XB-x-private", RTL],
    ["AR-xb", RTL],
    ["ar", "en"],
    [`fr, ${RTL};q=0.5, en;q=0.4`, RTL],
    [`${RTL};q=0.1, ${LTR};q=0.9`, LTR],
    ["*", "en"],
    [`${RTL};q=0, fr`, "en"],
    ["en;q=0", RTL],
    ["en-GB", "en"],
    ["fr", "en"],
    [";;q=,,,-", "en"],
    ["a-".repeat(4000), "en"],
  ] as const) {
    it(`is ${lang} where Accept-Language is ${asked.slice(0, 40)}`, async () => {
      expect(await langOf("/register", { "Accept-Language": asked })).to.equal(lang);
    });
  }

  it("is that of ?lang=, which the browser keeps for a year where it is offered", async () => {
    const answer = await page(`/register?lang=${RTL}`, { "Accept-Language": LTR });
    expect(answer.headers["content-language"]).to.equal(RTL);
    const [cookie = ""] = [answer.headers["set-cookie"]].flat();
    expect(cookie).to.match(new RegExp(`^foyer-lang=${RTL}; Max-Age=31536000; Path=/; .*HttpOnly; SameSite=Lax$`));
    const kept = { Cookie: `foyer-lang=${RTL}`, "Accept-Language": LTR };
    expect(await langOf("/sign-in", kept)).to.equal(RTL);
    expect(await langOf(`/sign-in?lang=${LTR}`, kept)).to.equal(LTR);
    for (const lang of ["fr", "", "%00", `${RTL}&lang=${LTR}`]) {
      const refused = await page(`/register?lang=${lang}`, { "Accept-Language": LTR });
      expect(refused.headers).to.include({ "content-language": LTR }).and.not.to.have.property("set-cookie");
    }
    expect(await langOf("/register", { Cookie: "foyer-lang=fr" })).to.equal("en");
  });

  it("is kept by pages alone: neither JSON nor a form's answer sets a cookie for it", async () => {
    const json = await foyer.http.get(`/session?lang=${RTL}`);
    const form = await foyer.http.post(`/reset?lang=${RTL}`).type("form").send({ email: "x" });
    expect(form.headers["content-language"]).to.equal(RTL);
    for (const { headers } of [json, form]) expect(headers).not.to.have.property("set-cookie");
  });

  it("is that of the request for programs, whatever a browser keeps for pages", async () => {
    const answer = await foyer.http
      .post("/register")
      .set({ "Accept-Language": RTL, Cookie: `foyer-lang=${LTR}` })
      .send({ email: "x", password: "y" });
    expect(answer.headers).to.include({ "content-language": RTL }).and.to.have.property("vary");
    expect(answer.headers["vary"]).to.include("Accept-Language");
  });

  it("changes the words of a refusal by JSON and by tRPC, and never its codes", async () => {
    const input = { email: "x", password: "y" };
    const [plain, other] = await Promise.all(
      ["en", RTL].map(async (lang) => {
        const { body } = await foyer.http.post("/register").set("Accept-Language", lang).send(input);
        const fault = await foyer.http.post("/none").set("Accept-Language", lang).send({});
        const client = createFoyerClient(foyer.url, { headers: { "accept-language": lang } });
        const refused = await failure(client.auth.register.mutate(input));
        const unknown = await foyer.http.get("/trpc/auth.none").set("Accept-Language", lang);
        return { body, fault: fault.body, refused, unknown: unknown.body.error };
      }),
    );
    for (const key of ["code", "type", "status"]) {
      expect(other?.body[key]).to.equal(plain?.body[key]);
      expect(other?.fault[key]).to.equal(plain?.fault[key]);
    }
    const words = [
      ...[
        other?.body.title,
        other?.body.detail,
        other?.body.errors[0].message,
        other?.fault.title,
        other?.fault.detail,
      ],
      ...[other?.refused.message, other?.unknown.message],
    ];
    for (const said of words) expect(said).to.match(/^⟦[^a-z]+(?:name@example\.com)?[^a-z]*⟧/);
    expect(plain?.unknown.message).to.equal("There is no such procedure.");
    expect(other?.refused.data?.code).to.equal(plain?.refused.data?.code);
  });

  it("does not concern assets", async () => {
    const [, path = ""] = /href="(\/assets\/[^"]+foyer\.css)"/.exec((await page("/register")).text) ?? [];
    const { headers } = await foyer.http.get(path).set("Accept-Language", RTL);
    expect(headers["vary"]).to.equal("Accept-Encoding");
    expect(headers).not.to.have.property("content-language");
  });

  it("can be changed on every page, with all that its link had", async () => {
    const links = async (path: string) => {
      const all = [...(await page(path)).text.matchAll(/<a href="([^"]+)" lang="([^"]+)" hreflang="\2" dir="(\w+)"/g)];
      return all.map(([, href = "", lang, dir]) => [
        href.replaceAll("&#x3D;", "=").replaceAll("&amp;", "&"),
        lang,
        dir,
      ]);
    };
    expect(await links("/sign-in?next=%2Faccount%3Fa%3D1")).to.deep.equal([
      ["/sign-in?lang=en&next=%2Faccount%3Fa%3D1", "en", "ltr"],
      [`/sign-in?lang=${LTR}&next=%2Faccount%3Fa%3D1`, LTR, "ltr"],
      [`/sign-in?lang=${RTL}&next=%2Faccount%3Fa%3D1`, RTL, "rtl"],
    ]);
    expect((await links(`/verify?lang=en&token=x&sent`))[1]?.[0]).to.equal(`/verify?lang=${LTR}&token=x&sent`);
    expect((await links("//evil.example/x"))[0]?.[0], "of a page that is not there").to.equal("?lang=en");
    const elsewhere = await links("/sign-in?next=//evil.example&return_to=https://evil.example&lang=en");
    expect(elsewhere[0]?.[0]).to.equal("/sign-in?lang=en");
    // As nginx sends it.
    const { text } = await page("/sign-in?lang=en&next=/a?b=1&c=2");
    expect(text.replaceAll("&#x3D;", "=").replaceAll("&amp;", "&")).to.include('name="next" value="/a?b=1&c=2"');
  });

  it("can be changed on a page that is not there, whose address is not repeated", async () => {
    const { status, text } = await page("/none?token=secret");
    const links = Array.from(text.matchAll(/<a href="([^"]+)" lang="[^"]+" hreflang="([^"]+)"/g), (link) =>
      link.slice(1),
    );
    expect([status, links]).to.deep.equal([404, ["en", LTR, RTL].map((lang) => [`?lang&#x3D;${lang}`, lang])]);
    expect(text).not.to.include("secret");
    const changed = await page(`/none?lang=${RTL}`);
    expect(changed.text).to.include(`<html lang="${RTL}"`);
    expect(changed.headers["set-cookie"]?.[0]).to.match(new RegExp(`^foyer-lang=${RTL};`));
  });

  it("leads from a form that was refused to its page, with the link that it was opened by", async () => {
    const refused = async (path: string, fields: object) => {
      const { text } = await foyer.http.post(path).set("Accept", "text/html").type("form").send(fields);
      return /<a href="([^"]+)" lang="en"/.exec(text)?.[1]?.replaceAll("&#x3D;", "=").replaceAll("&amp;", "&");
    };
    expect(await refused("/register", { email: "x" })).to.equal("/register?lang=en");
    expect(await refused("/sign-in", { email: "x", next: "/account" })).to.equal("/sign-in?lang=en&next=%2Faccount");
    expect(await refused("/reset/confirm", { token: "x" })).to.equal("/reset?lang=en&token=x");
    expect(await refused("/verify/resend", { email: "x" })).to.equal("/verify?lang=en");
  });

  it("may be asked for of a link in an email, whose token is still found", async () => {
    const { email } = await newAccount(foyer);
    const { text, status } = await page(`/reset?lang=en&token=${await newResetToken(foyer, email)}`);
    expect([status, text.includes(english.text("reset.title"))]).to.deep.equal([200, true]);
  });
});
