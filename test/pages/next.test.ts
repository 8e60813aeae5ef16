import { expect } from "chai";
import { newSignedIn, type SignedIn } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const ELSEWHERE = [
  ...["//e.com", "///e.com", "/\\e.com", "\\\\e.com", "\\/e.com", "/./\\e.com"],
  ...["/%2F/e.com", "/%2fe.com", "/%5Ce.com", "/%5c/e.com", "/%09/e.com", "/%0d%0a/e.com", "/%00//e.com"],
  ...["/.//e.com", "/..//e.com", "/a/..//e.com", "/%2e//e.com", "/%2E%2e//e.com", "/a/%2e%2E/%2Fe.com"],
  ...[
    "/\t/e.com",
    "/\n/e.com",
    "/\r\n/e.com",
    "/\0/e.com",
    "/\u0085/e.com",
    "/account\t",
    "\t//e.com",
    "\u0001/account",
  ],
  ...[" //e.com", " /account", "\u00a0/account", "\ufeff/account"],
  ...["javascript:alert(1)", "JavaScript:alert(1)", "\tjavascript:alert(1)", "data:text/html,x", "mailto:a@e.com"],
  ...["https://e.com", "https:e.com", "https:/e.com", "HTTP://e.com", "ftp://e.com", "https://localhost:3000@e.com"],
  ...["//user:password@e.com/", "//localhost:3000@e.com", "@e.com", "http://localhost:3000/a"],
  ...["", "account", "./account", "?next=/a", "#a", "[object Object]"],
  `/${"x".repeat(5000)}`,
];

const OURS: [sent: string, goesTo: string][] = [
  ["/account/sessions", "/account/sessions"],
  ["/account/sessions?a=1&b=%2F2#c", "/account/sessions?a=1&b=%2F2#c"],
  ["/?to=https://e.com//x", "/?to=https://e.com//x"],
  ["/a/b/../c", "/a/c"],
  ["/a//b", "/a//b"],
  ["/@e.com", "/@e.com"],
  ["/für?ä=ö#ü", "/f%C3%BCr?%C3%A4=%C3%B6#%C3%BC"],
  ['/"><script>', "/%22%3E%3Cscript%3E"],
  ["/a b", "/a%20b"],
];

describe("where somebody goes on to after signing in", () => {
  let foyer: TestFoyer;
  let alice: SignedIn;
  before(async () => {
    foyer = await startFoyer();
    alice = await newSignedIn(foyer);
  });
  after(() => foyer.stop());

  const signedInBefore = (query: string) => foyer.http.get(`/sign-in?${query}`).set("Cookie", alice.cookie);
  const signsIn = (query: string) =>
    foyer.http
      .post("/sign-in")
      .type("form")
      .send(`${new URLSearchParams({ email: alice.email, password: PASSWORD })}&${query}`);

  async function goesTo(query: string) {
    const answers = [await signedInBefore(query), await signsIn(query)];
    return answers.map(({ status, headers: { location } }) => {
      expect(status).to.equal(303);
      expect(new URL(location ?? "", foyer.url).origin).to.equal(foyer.url);
      return location;
    });
  }

  it("is all that stands after next=/, for nginx cannot encode it", async () => {
    const { headers } = await signedInBefore("next=/app/?a=1&b=2");
    expect(headers["location"]).to.equal("/app/?a=1&b=2");
    const form = await foyer.http.get("/sign-in?next=/app/?a=1&b=2");
    expect(form.text).to.include('name="next" value="/app/?a&#x3D;1&amp;b&#x3D;2"');
    expect((await signedInBefore("next=//e.com&a=1")).headers["location"]).to.equal("/account");
  });

  for (const next of ELSEWHERE) {
    it(`is the account, and not ${JSON.stringify(next.slice(0, 40))}`, async () => {
      expect(await goesTo(`next=${encodeURIComponent(next)}`)).to.deep.equal(["/account", "/account"]);
    });
  }

  for (const query of ["next=/a&next=/b", "next[]=/a", "next[a]=/a", "next"]) {
    it(`is the account where the query is ${query}`, async () => {
      expect(await goesTo(query)).to.deep.equal(["/account", "/account"]);
    });
  }

  for (const [next, path] of OURS) {
    it(`is ${path} of our own for ${JSON.stringify(next)}`, async () => {
      expect(await goesTo(`next=${encodeURIComponent(next)}`)).to.deep.equal([path, path]);
    });
  }

  it("is kept by the form, as it was parsed, and through a refusal", async () => {
    const query = `next=${encodeURIComponent("/a/../b?c=\"'<#d")}`;
    const refused = await foyer.http.post("/sign-in").type("form").send(query);
    for (const { text } of [await foyer.http.get(`/sign-in?${query}`), refused]) {
      expect(text).to.include('name="next" value="/b?c&#x3D;%22%27%3C#d"');
    }
    for (const elsewhere of ["next=//e.com", "next=/a&next=/b"]) {
      expect((await foyer.http.get(`/sign-in?${elsewhere}`)).text).not.to.match(/name="next"|e\.com/);
    }
  });
});
