import { expect } from "chai";
import type { Test } from "supertest";
import { newAccount } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { signUp } from "../support/sign-up.ts";

const CANARY = "canary-Pa55word";
/** No account has it. */
const STRANGER = "canary-stranger@example.com";

type Answer = { status: number; text: string; headers: Record<string, unknown> };

/** Sends requests, and gathers what answers give out that only their receiver may know. */
function createGatherer(foyer: TestFoyer) {
  const tokens = new Set<string>();
  const formTokens = new Set<string>();
  /** Without the cookies that they set, and without the bearer tokens that were asked for. */
  const shown: string[] = [];

  function gather({ text, headers }: Answer) {
    const { "set-cookie": cookies, ...others } = headers;
    for (const cookie of [cookies ?? []].flat()) {
      const [, value = ""] = /^[^=]+=([^;]*)/.exec(String(cookie)) ?? [];
      for (const part of decodeURIComponent(value).split(/[~.]/)) if (part) tokens.add(part);
    }
    const [, bearer] = /"token":"(foyer_b_[^"]+)"/.exec(text) ?? [];
    if (bearer) tokens.add(bearer);
    for (const [, form = ""] of text.matchAll(/name="form" value="([^"]+)"/g)) formTokens.add(form);
    shown.push(bearer ? text.replace(bearer, "") : text, JSON.stringify(others));
  }

  async function send(request: Test, headers: Record<string, string> = {}): Promise<Answer> {
    const answer = await request.set(headers);
    gather(answer);
    return answer;
  }

  return {
    tokens,
    formTokens,
    shown,
    get: (path: string, headers = {}) => send(foyer.http.get(path), headers),
    json: (path: string, body: object | string, headers = {}) =>
      send(foyer.http.post(path).type("json").send(body), headers),
    form: (path: string, body: object, headers = {}) => send(foyer.http.post(path).type("form").send(body), headers),
  };
}

type Gatherer = ReturnType<typeof createGatherer>;

/** The cookies that an answer sets, as the browser of Foyer's own pages sends them. */
function browserOf(foyer: TestFoyer, { headers }: Answer): Record<string, string> {
  const cookies = [headers["set-cookie"] ?? []].flat().map((cookie) => String(cookie).split(";")[0]);
  return { Cookie: cookies.join("; "), Origin: foyer.url };
}

/** Signs in with all that can be wrong, by each transport. */
async function tryAll({ json, form }: Gatherer, email: string, unverified: string) {
  const bodies = [
    { email, password: CANARY },
    { email: unverified, password: PASSWORD },
    { email: unverified, password: CANARY },
    { email: STRANGER, password: CANARY },
    { email: "canary-nobody", password: CANARY },
    { email, password: `${CANARY}\0` },
    { email, password: CANARY, keep: CANARY, as: CANARY },
    { email, password: [CANARY] },
  ];
  for (const body of bodies) {
    await json("/sign-in", body);
    await json("/trpc/auth.signIn", body);
    await form("/sign-in", body);
  }
  const text = JSON.stringify(bodies[0]);
  for (const path of ["/sign-in", "/trpc/auth.signIn", "/account/reauthenticate", "/sign-out", "/sessions/end"]) {
    for (const broken of [text.slice(0, -1), `x${text}`, text + " ".repeat(20_000)]) await json(path, broken);
  }
}

/** Reads a session, and asks for all that it can be asked for, in ways that are refused too. */
async function use({ get, json, form }: Gatherer, headers: Record<string, string>) {
  for (const path of ["/session", "/session/check", "/sessions", "/account", "/account/sessions", "/sign-in"])
    await get(path, headers);
  for (const name of ["session", "sessions"]) await get(`/trpc/auth.${name}`, headers);
  for (const handle of [CANARY, [CANARY], "x".repeat(16)]) {
    await json("/sessions/end", { handle }, headers);
    await json("/trpc/auth.endSession", { handle }, headers);
    await form("/sessions/end", { handle, form: CANARY }, headers);
  }
  for (const path of ["/sign-out", "/trpc/auth.signOut"]) await json(path, { scope: CANARY }, headers);
  for (const path of ["/account/reauthenticate", "/trpc/auth.reauthenticate"])
    await json(path, { password: CANARY }, headers);
}

async function useAsNobody(gatherer: Gatherer) {
  for (const headers of [
    {},
    { Cookie: `foyer-session=${CANARY}; foyer-known=${CANARY}; foyer-browser=${CANARY}; ${CANARY}` },
    { Authorization: `Bearer ${CANARY}` },
    { Authorization: `Bearer ${CANARY}`, Cookie: `foyer-session=${CANARY}` },
    { Authorization: CANARY, Origin: `https://${CANARY}.example`, "User-Agent": CANARY },
  ] as Record<string, string>[]) {
    await use(gatherer, headers);
  }
}

/** Signs in by each transport, uses the sessions, and renews and ends some of them. */
async function live(foyer: TestFoyer, gatherer: Gatherer, email: string) {
  const { get, json, form } = gatherer;
  const signIn = { email, password: PASSWORD };
  const answers = [
    await json("/sign-in", signIn),
    await json("/trpc/auth.signIn", { ...signIn, keep: true }),
    await form("/sign-in", { ...signIn, keep: "on" }),
  ];
  for (const answer of answers) await use(gatherer, browserOf(foyer, answer));
  const [first, second, third] = answers.map((answer) => browserOf(foyer, answer));
  const renewed = await json("/account/reauthenticate", { password: PASSWORD }, first);
  expect(renewed.status).to.equal(200);
  const formToken = /action="\/sign-out">\s*<input type="hidden" name="form" value="([^"]+)"/.exec(
    (await get("/account", second)).text,
  )?.[1];
  const byForm = await form("/sign-out", { form: formToken?.replaceAll("&#x3D;", "=") }, second);
  expect([byForm.status, byForm.headers["location"]]).to.deep.equal([303, "/sign-in?out"]);
  const sessions: { handle: string; current: boolean }[] = JSON.parse((await get("/sessions", third)).text);
  const handle = sessions.find(({ current }) => !current)?.handle;
  expect((await json("/sessions/end", { handle }, third)).status).to.equal(204);
  for (const path of ["/sign-in", "/trpc/auth.signIn"]) {
    const { text } = await json(path, { ...signIn, as: "bearer" });
    const [, token = ""] = /"token":"([^"]+)"/.exec(text) ?? [];
    const bearer = { Authorization: `Bearer ${token}` };
    await use(gatherer, bearer);
    expect((await json("/account/reauthenticate", { password: PASSWORD }, bearer)).status).to.equal(200);
  }
  expect((await json("/sign-out", { scope: "others" }, third)).status).to.equal(204);
}

describe("what signs people in", () => {
  let foyer: TestFoyer;
  let gatherer: Gatherer;
  let email: string;
  before(async () => {
    foyer = await startFoyer({ logLevel: "trace" });
    gatherer = createGatherer(foyer);
    ({ email } = await newAccount(foyer, "canary-owner@example.com"));
    const { address } = await signUp(foyer, "canary-unverified@example.com");
    await tryAll(gatherer, email, address);
    await useAsNobody(gatherer);
    await live(foyer, gatherer, email);
    await gatherer.json("/sign-in", { email, password: CANARY });
    await foyer.sql("update sign_in_failures set failures = 101");
    await tryAll(gatherer, email, address);
    expect((await gatherer.json("/sign-in", { email, password: PASSWORD })).status).to.equal(401);
  });
  after(() => foyer.stop());

  /** All rows of all tables, as text. */
  async function dump() {
    const tables = (await foyer.rows("pg_tables")).filter(({ schemaname }) => schemaname === "public");
    const names = tables.map(({ tablename }) => String(tablename));
    expect(names).to.include.members(["users", "sessions", "sign_in_failures", "secrets"]);
    const rows = await Promise.all(names.map((name) => foyer.rows(`(select t::text as row from ${name} t) as rows`)));
    return rows
      .flat()
      .map(({ row }) => String(row))
      .join("\n");
  }

  const canary = /canary/i;

  it("is in no line of the log, by whatever transport it came or went", async () => {
    const { tokens, formTokens } = gatherer;
    expect(tokens.size).to.be.above(10);
    expect(formTokens.size).to.be.above(3);
    expect(foyer.logged().split("\n").length).to.be.above(200);
    for (const secret of [...tokens, ...formTokens, PASSWORD]) expect(foyer.logged()).not.to.include(secret);
    expect(foyer.logged()).not.to.match(canary);
  });

  it("is in no answer, but for the cookies, and the token in that of a sign-in that asks for one", async () => {
    const shown = gatherer.shown.join("\n");
    for (const secret of [...gatherer.tokens, PASSWORD, CANARY]) expect(shown).not.to.include(secret);
    expect(shown).to.include(email);
  });

  it("is in no row of the database, not even the address of somebody without an account", async () => {
    const stored = await dump();
    expect(stored).to.include(email).and.include("browser");
    for (const secret of [...gatherer.tokens, ...gatherer.formTokens, PASSWORD]) expect(stored).not.to.include(secret);
    expect(stored).not.to.include(STRANGER).and.not.to.include(CANARY);
  });

  it("is in no metric", async () => {
    const { text } = await foyer.http.get("/metrics");
    for (const secret of [...gatherer.tokens, ...gatherer.formTokens, PASSWORD]) expect(text).not.to.include(secret);
    expect(text).not.to.match(canary);
  });

  describe("while the database is broken", () => {
    for (const [what, fault, broken] of [
      [
        "refuses a new session",
        "no_more_sessions",
        "alter table sessions add constraint no_more_sessions check (false) not valid",
      ],
      ["has no table of sessions", 'relation "public.sessions" does not exist', "drop table sessions"],
      ["has no table of failures", 'relation "public.sign_in_failures" does not exist', "drop table sign_in_failures"],
    ] as const) {
      it(`is in no line of the log where it ${what}`, async () => {
        const { json, form, get, tokens } = gatherer;
        const before = foyer.logged().length;
        await foyer.sql("delete from sign_in_failures");
        const signIn = { email, password: PASSWORD };
        const [cookie, bearer] = ["foyer_c_", "foyer_b_"].map((kind) =>
          [...tokens].find((one) => one.startsWith(kind)),
        );
        await foyer.sql(broken);
        const statuses = [
          (await json("/sign-in", signIn)).status,
          (await json("/trpc/auth.signIn", { ...signIn, as: "bearer" })).status,
          (await form("/sign-in", signIn)).status,
        ];
        expect(statuses).to.deep.equal([500, 500, 500]);
        for (const path of ["/session", "/session/check", "/sessions", "/account"]) {
          await get(path, { Cookie: `foyer-session=${cookie}`, Origin: foyer.url });
          await get(path, { Authorization: `Bearer ${bearer}` });
        }
        await useAsNobody(gatherer);
        const logged = foyer.logged().slice(before);
        expect(logged).to.include(JSON.stringify(fault).slice(1, -1));
        for (const secret of [...tokens, PASSWORD]) expect(logged).not.to.include(secret);
        expect(logged).not.to.match(canary);
        expect(gatherer.shown.join("\n")).not.to.match(/no_more_sessions|relation/);
      });
    }
  });
});
