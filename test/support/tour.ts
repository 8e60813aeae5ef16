import type { Response } from "supertest";
import type { Config } from "../../src/config/environment.ts";
import { newAccount, newSignedIn, signIn } from "./account.ts";
import { askForChange, changeAddress, postSignedIn } from "./email-change.ts";
import { emailsTo } from "./emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "./foyer.ts";
import { MANY, NO_LIMIT } from "./limits.ts";
import { newResetToken } from "./reset-link.ts";
import { signUp } from "./sign-up.ts";

type Http = TestFoyer["http"];
type Fields = Record<string, string>;

/** A state of a page. Asking for it changes nothing that other states need. */
export type Stop = { name: string; ask(lang: string): Promise<Response> };

const ADDRESS = "alice@example.com";
const FIREFOX = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0";

function asking(http: Http, cookie = "") {
  const headers = (lang: string) => ({ "Accept-Language": lang, Accept: "text/html", Cookie: cookie });
  return {
    get: (path: string, name = path): Stop => ({ name, ask: async (lang) => http.get(path).set(headers(lang)) }),
    post: (path: string, fields: Fields, name: string): Stop => ({
      name: `POST ${path}, ${name}`,
      ask: async (lang) =>
        http
          .post(path)
          .set({ ...headers(lang), "Sec-Fetch-Site": "same-origin" })
          .type("form")
          .send(fields),
    }),
  };
}

async function formTokenOf(http: Http, cookie: string, page: string) {
  const { text } = await http.get(page).set({ Cookie: cookie, Accept: "text/html" });
  const tokens = [...text.matchAll(/name="form" value="([^"]+)"/g)];
  return tokens.at(-1)?.[1] ?? "";
}

async function strangersPages(foyer: TestFoyer): Promise<Stop[]> {
  const { get, post } = asking(foyer.http);
  const { email: taken } = await newAccount(foyer);
  const unverified = await signUp(foyer);
  return [
    ...["/register", "/welcome", "/verify", "/verify?sent", "/verify?token=x", "/verified"].map((path) => get(path)),
    ...["/sign-in", "/sign-in?out", "/sign-in?reset", "/sign-in?leaving=3", "/sign-in?deleted"].map((path) =>
      get(path),
    ),
    ...["/reset", "/reset?sent", "/reset?token=x", "/account/email/confirm?token=x"].map((path) => get(path)),
    ...["/account/email/confirmed", "/account/email/undo?token=x", "/account/email/undone"].map((path) => get(path)),
    ...["/account/email/undone?back", "/docs", "/mailbox", "/none"].map((path) => get(path)),
    get(`/mailbox/${unverified.number}`, "an email in the mailbox"),
    post("/register", { email: "alice", password: "short" }, "both wrong"),
    post("/register", { email: "alice@e\u200bxample.com", password: "password1" }, "invisible and common"),
    post("/register", { email: taken, password: PASSWORD }, "taken"),
    post("/register", { email: "a".repeat(20_000), password: PASSWORD }, "far too large"),
    post("/verify", { code: "12" }, "no code"),
    post("/verify", { code: "1234 5678" }, "wrong code"),
    post("/verify/resend", { email: "<a@example.com>" }, "copied"),
    post("/sign-in", { email: ADDRESS, password: "wrong horse" }, "wrong"),
    post("/sign-in", { email: unverified.address, password: PASSWORD }, "not verified"),
    post("/sign-in", { email: "", password: "" }, "empty"),
    post("/reset", { email: "a@b@c" }, "two @"),
    post("/reset/confirm", { token: "x", password: PASSWORD }, "unknown link"),
    post("/docs", {}, "no such method"),
  ];
}

async function linkPages(foyer: TestFoyer): Promise<Stop[]> {
  const { http } = foyer;
  const { get, post } = asking(http);
  const one = await signUp(foyer);
  await foyer.register(one.address, "another secret");
  const { email } = await newAccount(foyer);
  const reset = await newResetToken(foyer, email);
  const registered = await foyer.register("own-browser@example.com");
  const [device = ""] = String(registered.headers["set-cookie"]).split(";");
  const [{ token: own }] = await emailsTo(foyer, "own-browser@example.com");
  const asked = await askForChange(foyer, await newSignedIn(foyer), "new-one@example.com");
  const made = await changeAddress(foyer, await newSignedIn(foyer), "new-two@example.com");
  return [
    get(`/verify?token=${one.token}`, "a link in another browser, of an address with two sign-ups"),
    post("/verify", { token: one.token, newPassword: "short" }, "a new password that is too short"),
    asking(http, device).get(`/verify?token=${own}`, "a link in the browser of its sign-up"),
    get(`/reset?token=${reset}`, "a link for a password"),
    post("/reset/confirm", { token: reset, password: "short" }, "too short"),
    get(`/account/email/confirm?token=${asked.confirms}`, "a link that changes an address"),
    get(`/account/email/undo?token=${asked.undoes}`, "a link that stops that"),
    get(`/account/email/undo?token=${made.undoes}`, "a link that undoes that"),
  ];
}

async function accountPages(foyer: TestFoyer): Promise<Stop[]> {
  const { http } = foyer;
  const own = await newSignedIn(foyer);
  for (const agent of [FIREFOX, "curl/8"])
    await http.post("/sign-in").set("User-Agent", agent).send({ email: own.email, password: PASSWORD });
  await postSignedIn(foyer, own.cookie, "/account/email", { email: "wanted@example.com" });
  const { get, post } = asking(http, own.cookie);
  const form = (page: string) => formTokenOf(http, own.cookie, page);
  const short = { currentPassword: "wrong horse", password: "short" };
  const left = await newAccount(foyer);
  await foyer.sql("update users set deletes_at = now() + interval '3 days' where id = ?", left.id);
  const leaving = await signIn(foyer, left.email);
  return [
    ...["/account", "/account/sessions", "/account/password", "/account/email"].map((path) => get(path)),
    ...["password", "email", "moved", "kept"].map((done) => get(`/account?done=${done}`)),
    ...["/account/delete", "/verified", "/account/sessions?ended=one"].map((path) => get(path, `${path}, signed in`)),
    get("/account/sessions?ended=others"),
    post("/account/password", { ...short, form: await form("/account/password") }, "too short"),
    post("/account/password", { ...short, form: "stale" }, "of another session"),
    post("/account/email", { email: own.email, form: await form("/account/email") }, "the same"),
    post("/account/delete", { password: "wrong horse", form: await form("/account/delete") }, "wrong"),
    asking(http, leaving.cookie).get("/account/keep", "an account that is to be deleted"),
  ];
}

/** Pages that only other settings lead to. */
async function pagesOfOthers(viewsDir: URL): Promise<{ stops: Stop[]; stop(): Promise<unknown> }> {
  const start = (settings: Partial<Config>) => startFoyer({ ...settings, viewsDir });
  const policy = { open: true, domains: [], refuseDisposable: false };
  const closed = await start({ policy: { ...policy, open: false } });
  const limited = await start({ rateLimits: { ...NO_LIMIT, perIp: { ...MANY, count: 1 } } });
  const domain = await start({ policy: { ...policy, domains: ["a.example", "b.example"] } });
  const registration = { email: ADDRESS, password: PASSWORD };
  await limited.http.post("/register").send({});
  return {
    stops: [
      asking(closed.http).get("/register", "closed registration"),
      asking(limited.http).post("/register", registration, "too many attempts"),
      asking(domain.http).post("/register", registration, "another domain"),
    ],
    stop: () => Promise.all([closed, limited, domain].map((foyer) => foyer.stop())),
  };
}

/** All pages, in all of their states. @param viewsDir where there are languages beside Foyer's own. */
export async function tourOf(foyer: TestFoyer, viewsDir: URL): Promise<{ stops: Stop[]; stop(): Promise<unknown> }> {
  const own = [await strangersPages(foyer), await linkPages(foyer), await accountPages(foyer)];
  const others = await pagesOfOthers(viewsDir);
  return { stops: [...own.flat(), ...others.stops], stop: others.stop };
}
