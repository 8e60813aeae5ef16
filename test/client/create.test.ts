import { httpLink } from "@trpc/client";
import { expect } from "chai";
import { createFoyerClient, type FoyerClient, type FoyerErrorShape } from "../../src/client.ts";
import type { AppRouter as ServerRouter } from "../../src/trpc/router.ts";
import { newSignedIn } from "../support/account.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

type Served = ServerRouter["_def"]["_config"]["$types"]["errorShape"];

/** Do not compile where client and server do not mean the same by an error. */
const fromServer = (shape: Served): FoyerErrorShape => shape;
const toServer = (shape: FoyerErrorShape): Served => shape;

type Asked = { url: string; headers: Headers };

/** A `fetch` that notes what was asked, and leads a path that a proxy would have taken away to Foyer. */
function notingFetch(path = ""): { asked: Asked[]; fetch: typeof fetch } {
  const asked: Asked[] = [];
  return {
    asked,
    fetch: (input, init) => {
      asked.push({ url: String(input), headers: new Headers(init?.headers) });
      return fetch(String(input).replace(`${path}/trpc`, "/trpc"), init);
    },
  };
}

describe("createFoyerClient", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  async function newToken() {
    const { email } = await newSignedIn(foyer);
    const { token } = await foyer.client.auth.signIn.mutate({ email, password: PASSWORD, as: "bearer" });
    return { email, token };
  }
  const emailOf = async ({ auth }: FoyerClient) => (await auth.session.query()).account?.email;

  it("takes a URL alone, before the options or among them, as text or as an object", async () => {
    const { email, token } = await newToken();
    const url = new URL(foyer.url);
    for (const client of [createFoyerClient(foyer.url), createFoyerClient(url), createFoyerClient({ url })])
      expect(await emailOf(client)).to.equal(undefined);
    for (const client of [createFoyerClient(foyer.url, { token }), createFoyerClient({ url: foyer.url, token })])
      expect(await emailOf(client)).to.equal(email);
  });

  it("takes a URL with a path, and slashes after it", async () => {
    for (const path of ["/account", "/account/", "/an/account//", "/", ""]) {
      const { asked, fetch } = notingFetch(path.replace(/\/+$/, ""));
      await createFoyerClient({ url: `${foyer.url}${path}`, fetch }).auth.session.query();
      expect(asked[0]?.url).to.match(new RegExp(`^${foyer.url}${path.replace(/\/+$/, "")}/trpc/auth\\.session\\?`));
    }
  });

  it("waits for a token that is read somewhere, and sends none, nor a header, that is not there", async () => {
    const { email, token } = await newToken();
    expect(await emailOf(createFoyerClient({ url: foyer.url, token: async () => token }))).to.equal(email);
    for (const none of [null, undefined, () => null, async () => undefined]) {
      const { asked, fetch } = notingFetch();
      const client = createFoyerClient({
        url: foyer.url,
        fetch,
        token: none,
        headers: { cookie: undefined, "x-a": "a" },
      });
      expect(await emailOf(client)).to.equal(undefined);
      expect([asked[0]?.headers.has("authorization"), asked[0]?.headers.has("cookie")]).to.deep.equal([false, false]);
      expect(asked[0]?.headers.get("x-a")).to.equal("a");
    }
  });

  it("asks a function for the token and the other headers at each request", async () => {
    const { email, token } = await newToken();
    const { asked, fetch } = notingFetch();
    let current: string | undefined;
    let count = 0;
    const client = createFoyerClient({
      url: foyer.url,
      fetch,
      token: () => current,
      headers: async () => ({ "x-count": `${++count}` }),
    });
    expect(await emailOf(client)).to.equal(undefined);
    current = token;
    expect(await emailOf(client)).to.equal(email);
    expect(asked.map(({ headers }) => headers.get("x-count"))).to.deep.equal(["1", "2"]);
    expect(asked.map(({ headers }) => headers.has("authorization"))).to.deep.equal([false, true]);
  });

  it("has calls pass other links first, and lets one of them send", async () => {
    const paths: string[] = [];
    const { asked, fetch } = notingFetch();
    const client = createFoyerClient({
      url: "http://nobody.invalid",
      links: [
        () =>
          ({ op, next }) => {
            paths.push(op.path);
            return next(op);
          },
        httpLink({
          url: `${foyer.url}/trpc`,
          fetch: (input, { signal = null, ...init } = {}) => fetch(String(input), { ...init, signal }),
        }),
      ],
    });
    await Promise.all([client.auth.session.query(), client.auth.session.query()]);
    expect(paths).to.deep.equal(["auth.session", "auth.session"]);
    expect(asked).to.have.length(2);
  });

  it("sends no more calls in a request than Foyer takes", async () => {
    const { asked, fetch } = notingFetch();
    const { auth } = createFoyerClient({ url: foyer.url, fetch });
    await Promise.all(Array.from({ length: 11 }, () => auth.session.query()));
    expect(asked).to.have.length(2);
  });

  it("fails with what the server says of an error", async () => {
    const { shape } = await failure(createFoyerClient(foyer.url).auth.sessions.query());
    if (!shape) throw new Error("no answer came");
    expect(fromServer(toServer(shape))).to.deep.equal({
      code: -32001,
      message: "Sign in first. You are not signed in, or your session has ended.",
      data: { code: "UNAUTHORIZED", httpStatus: 401, path: "auth.sessions", refusal: { code: "not_signed_in" } },
    });
  });

  it("fails with an error of its own where there is no Foyer", async () => {
    const error = await failure(createFoyerClient("http://127.0.0.1:1").auth.session.query());
    expect(error.data).to.equal(undefined);
  });
});
