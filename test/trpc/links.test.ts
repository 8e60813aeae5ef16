import { setTimeout } from "node:timers/promises";
import {
  createTRPCClient,
  httpBatchLink,
  httpBatchStreamLink,
  loggerLink,
  TRPCClientError,
  type TRPCLink,
} from "@trpc/client";
import { expect } from "chai";
import { type AppRouter, isFoyerError } from "../../src/client.ts";
import { emailsTo } from "../support/emails.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { LINKS, type LinkName, type LinkOptions } from "../support/links.ts";

/** @param statuses gets that of each answer. */
function optionsOf(url: string, statuses: number[] = []): LinkOptions {
  return {
    url: `${url}/trpc`,
    maxItems: 10,
    async fetch(input, { signal = null, ...init } = {}) {
      const answer = await fetch(input, { ...init, signal });
      statuses.push(answer.status);
      return answer;
    },
  };
}

type Case = {
  link: LinkName;
  /** The status of the answer to an invalid registration. */
  refused: number;
  /** Those of the answers to four calls at once: one succeeds, two are 400 and one is 404. */
  mixed: number[];
};

const CASES: Case[] = [
  { link: "httpLink", refused: 400, mixed: [200, 400, 400, 404] },
  { link: "httpBatchLink", refused: 400, mixed: [207] },
  { link: "httpBatchStreamLink", refused: 200, mixed: [200] },
  { link: "splitLink", refused: 200, mixed: [200, 404] },
  { link: "loggerLink", refused: 400, mixed: [207] },
];

const SHORT = { email: "bob", password: "short" };
const SHORT_IS_REFUSED = {
  code: "invalid_input",
  fields: [
    { field: "email", message: "Enter an email address with an @, like name@example.com." },
    { field: "password", message: "Use at least 8 characters; this password has 5." },
  ],
};

async function metric(foyer: TestFoyer, line: string) {
  const { text } = await foyer.http.get("/metrics");
  const found = text.split("\n").find((candidate) => candidate.startsWith(`${line} `));
  return Number(found?.split(" ").at(-1) ?? 0);
}

/** The lines of the log that tell of requests by tRPC. */
function logLines(foyer: TestFoyer): Record<string, unknown>[] {
  const lines = foyer.logged().split("\n");
  return lines.filter((line) => line.includes('"route":"/trpc')).map((line) => JSON.parse(line));
}

for (const { link, refused, mixed } of CASES) {
  const links = LINKS[link];

  describe(`a tRPC client with ${link}`, () => {
    let foyer: TestFoyer;
    let count = 0;
    before(async () => {
      foyer = await startFoyer();
    });
    after(() => foyer.stop());

    const client = (statuses?: number[]) =>
      createTRPCClient<AppRouter>({ links: links(optionsOf(foyer.url, statuses)) });
    function newAccount() {
      count += 1;
      return { email: `n${count}@example.com`, password: PASSWORD };
    }

    it("gets the account that it registered", async () => {
      const account = newAccount();
      expect(await client().auth.register.mutate(account)).to.deep.equal({
        id: (await foyer.users()).at(-1)?.id,
        email: account.email,
      });
    });

    it("gets what other procedures answer", async () => {
      expect(await client().auth.resendVerification.mutate({ email: "Bob@EXAMPLE.com" })).to.deep.equal({
        email: "Bob@example.com",
      });
    });

    it("reads tRPC's own code, status and path of a refusal, and beside them the refusal", async () => {
      const { message, data, shape } = await failure(client().auth.register.mutate(SHORT));
      expect(data).to.deep.equal({
        code: "BAD_REQUEST",
        httpStatus: 400,
        path: "auth.register",
        refusal: SHORT_IS_REFUSED,
      });
      expect(message).to.equal(SHORT_IS_REFUSED.fields.map((field) => field.message).join(" "));
      expect(shape?.code).to.equal(-32600);
    });

    it(`is answered a refusal with the HTTP status ${refused}`, async () => {
      const statuses: number[] = [];
      await failure(client(statuses).auth.register.mutate(SHORT));
      expect(statuses).to.deep.equal([refused]);
    });

    it("reads email_taken", async () => {
      const account = newAccount();
      await client().auth.register.mutate(account);
      const { message, data } = await failure(client().auth.register.mutate(account));
      expect(message).to.equal("Email already registered");
      expect(data).to.deep.equal({
        code: "BAD_REQUEST",
        httpStatus: 400,
        path: "auth.register",
        refusal: { code: "email_taken" },
      });
    });

    it("reads token_unknown", async () => {
      const { data } = await failure(client().auth.verifyEmail.mutate({ token: "x" }));
      expect(data).to.deep.equal({
        code: "NOT_FOUND",
        httpStatus: 404,
        path: "auth.verifyEmail",
        refusal: { code: "token_unknown" },
      });
    });

    it("reads of code_refused how many tries are left", async () => {
      const { data } = await failure(client().auth.verifyEmail.mutate({ code: "1234 5678" }));
      expect(data).to.deep.equal({
        code: "BAD_REQUEST",
        httpStatus: 400,
        path: "auth.verifyEmail",
        refusal: { code: "code_refused", triesLeft: 0 },
      });
    });

    it("reads each outcome of calls that are made at once", async () => {
      const statuses: number[] = [];
      const { auth } = client(statuses);
      const account = newAccount();
      const outcomes = await Promise.allSettled([
        auth.register.mutate(account),
        auth.register.mutate(account),
        auth.register.mutate(SHORT),
        auth.verifyEmail.mutate({ token: "x" }),
      ]);
      const codes = outcomes.map((outcome) =>
        outcome.status === "fulfilled" ? outcome.value.email : outcome.reason.data.refusal.code,
      );
      // By httpLink the first two are two requests, of which either may come first.
      expect(codes.slice(0, 2)).to.have.members([account.email, "email_taken"]);
      expect(codes.slice(2)).to.deep.equal(["invalid_input", "token_unknown"]);
      expect(statuses.toSorted((a, b) => a - b)).to.deep.equal(mixed);
    });

    it("reads that there is no such procedure, without the path that it sent", async () => {
      const rename: TRPCLink<AppRouter> =
        () =>
        ({ op, next }) =>
          next({ ...op, path: "auth.canary" });
      const { auth } = createTRPCClient<AppRouter>({ links: [rename, ...links(optionsOf(foyer.url))] });
      const { message, data } = await failure(auth.verifyEmail.mutate({ token: "x" }));
      expect(message).to.equal("There is no such procedure.");
      expect(data).to.deep.equal({ code: "NOT_FOUND", httpStatus: 404 });
    });
  });

  describe(`a tRPC client with ${link}, where limits are few`, () => {
    let foyer: TestFoyer;
    before(async () => {
      const rate = { count: 1000, seconds: 600 };
      const rateLimits = {
        perIp: { count: 3, seconds: 600 },
        perEmail: rate,
        perMailbox: rate,
        perDomain: rate,
        total: rate,
        signIn: rate,
      };
      foyer = await startFoyer({ rateLimits });
    });
    after(() => foyer.stop());

    it("reads of rate_limited when to try again, for each call beyond the limit", async () => {
      const { auth } = createTRPCClient<AppRouter>({ links: links(optionsOf(foyer.url)) });
      const calls = Array.from({ length: 5 }, (_, n) =>
        auth.register.mutate({ email: `n${n}@example.com`, password: PASSWORD }),
      );
      const outcomes = await Promise.allSettled(calls);
      const errors = outcomes.flatMap((outcome) => (outcome.status === "rejected" ? [outcome.reason.data] : []));
      expect(errors).to.have.length(2);
      for (const { refusal, ...data } of errors) {
        expect(data).to.deep.equal({ code: "TOO_MANY_REQUESTS", httpStatus: 429, path: "auth.register" });
        expect(refusal).to.have.all.keys("code", "retryAfterSeconds").and.include({ code: "rate_limited" });
        expect(refusal.retryAfterSeconds).to.be.within(541, 600);
      }
      expect(await foyer.users()).to.have.length(3);
    });
  });

  describe(`a tRPC client with ${link}, where hashes wait`, () => {
    let foyer: TestFoyer;
    afterEach(() => foyer.stop());

    it("reads of busy when to try again", async () => {
      // One hash takes so long that nobody may wait for its end, so no place becomes free before the call comes.
      foyer = await startFoyer({ bcryptCost: 14, hashMaxWaitSeconds: 0.1 });
      const running = foyer.register("first@example.com").then(() => {});
      while ((await metric(foyer, "foyer_hash_queue_length")) < 1) await setTimeout(5);
      const { auth } = createTRPCClient<AppRouter>({ links: links(optionsOf(foyer.url)) });
      const { data } = await failure(auth.register.mutate({ email: "late@example.com", password: PASSWORD }));
      expect(data).to.deep.include({ code: "SERVICE_UNAVAILABLE", httpStatus: 503, path: "auth.register" });
      if (data?.refusal?.code !== "busy") return expect.fail(JSON.stringify(data));
      expect(data.refusal.retryAfterSeconds).to.be.within(1, 30);
      await running;
    });

    it("gives up a call by its AbortSignal, and Foyer gives up its place in the queue", async () => {
      foyer = await startFoyer({ bcryptCost: 14 });
      const controller = new AbortController();
      const { auth } = createTRPCClient<AppRouter>({ links: links(optionsOf(foyer.url)) });
      const first = foyer.client.auth.register.mutate({ email: "first@example.com", password: PASSWORD });
      while ((await metric(foyer, "foyer_hash_queue_length")) < 1) await setTimeout(5);
      const call = failure(
        auth.register.mutate({ email: "aborted@example.com", password: PASSWORD }, { signal: controller.signal }),
      );
      while ((await metric(foyer, "foyer_hash_queue_length")) < 2) await setTimeout(5);
      controller.abort();
      const error = await call;
      expect(error).to.be.instanceOf(TRPCClientError);
      expect([error.cause?.name, error.data]).to.deep.equal(["AbortError", undefined]);
      await first;
      while ((await metric(foyer, 'foyer_hash_refusals_total{reason="aborted"}')) === 0) await setTimeout(5);
      expect(await metric(foyer, "foyer_faults_total")).to.equal(0);
      expect((await foyer.users()).map(({ email }) => email)).to.deep.equal(["first@example.com"]);
      expect(logLines(foyer).map(({ status }) => status)).to.have.members([200, 499]);
    });
  });
}

describe("loggerLink", () => {
  it("tells of each call, and of the refusal of one", async () => {
    const foyer = await startFoyer();
    const logged: unknown[] = [];
    const { auth } = createTRPCClient<AppRouter>({
      links: [
        loggerLink({
          logger(event) {
            const result = event.direction === "down" ? event.result : undefined;
            logged.push([event.direction, event.path, isFoyerError(result) ? result.data?.refusal?.code : undefined]);
          },
        }),
        httpBatchLink(optionsOf(foyer.url)),
      ],
    });
    await auth.register.mutate({ email: "alice@example.com", password: PASSWORD });
    await failure(auth.register.mutate(SHORT));
    expect(logged).to.deep.equal([
      ["up", "auth.register", undefined],
      ["down", "auth.register", undefined],
      ["up", "auth.register", undefined],
      ["down", "auth.register", "invalid_input"],
    ]);
    await foyer.stop();
  });
});

const STREAM = { "Content-Type": "application/json", "trpc-accept": "application/jsonl" };

describe("a streamed batch", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  const streaming = () =>
    createTRPCClient<AppRouter>({ links: [httpBatchStreamLink({ url: `${foyer.url}/trpc`, maxItems: 10 })] });
  const post = (paths: string, ...inputs: object[]) =>
    fetch(`${foyer.url}/trpc/${paths}?batch=1`, {
      method: "POST",
      headers: STREAM,
      body: JSON.stringify({ ...inputs }),
    });
  const accounts = (length: number) =>
    Array.from({ length }, (_, n) => ({ email: `n${n}@example.com`, password: PASSWORD }));

  it("has every header field before its head leaves, whatever comes of its calls", async () => {
    foyer = await startFoyer();
    const answer = await post("auth.register,auth.register", SHORT, ...accounts(1));
    expect(answer.status).to.equal(200);
    const { headers } = answer;
    expect(headers.get("content-type")).to.equal("application/json");
    expect(headers.get("cache-control")).to.equal("no-store");
    expect(headers.get("x-request-id")).to.match(/^[0-9a-f-]{36}$/);
    expect(headers.get("x-content-type-options")).to.equal("nosniff");
    expect(headers.get("set-cookie")).to.match(/^foyer-browser=[\w-]{43}; .*HttpOnly; SameSite=Lax$/);
    await answer.text();
  });

  it("gives the code of its email to the browser that got its cookie", async () => {
    foyer = await startFoyer();
    const answer = await post("auth.register", ...accounts(1));
    await answer.text();
    const [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
    const wrong = await fetch(`${foyer.url}/trpc/auth.verifyEmail?batch=1`, {
      method: "POST",
      headers: { ...STREAM, cookie },
      body: JSON.stringify({ 0: { code: "0000 0000" } }),
    });
    expect(await wrong.text()).to.include('"triesLeft":4');
  });

  it("leaves the browser its sign-up, though streamed calls before came to nothing", async () => {
    foyer = await startFoyer();
    const [account = SHORT] = accounts(1);
    let cookie = "";
    const call = async (path: string, input: object) => {
      const body = JSON.stringify({ 0: input });
      const answer = await fetch(`${foyer.url}/trpc/${path}?batch=1`, {
        method: "POST",
        headers: { ...STREAM, cookie },
        body,
      });
      [cookie = ""] = (answer.headers.get("set-cookie") ?? "").split(";");
      return answer.text();
    };
    await call("auth.register", account);
    const [{ code }] = await emailsTo(foyer, account.email);
    for (let n = 0; n < 4; n += 1) await call("auth.verifyEmail", { code: "0000 0000" });
    for (let n = 0; n < 8; n += 1) await call("auth.register", SHORT);
    expect(await call("auth.verifyEmail", { code })).to.include(`"email":"${account.email}"`);
    for (let n = 0; n < 30; n += 1) await call("auth.register", SHORT);
    expect(cookie.length).to.be.below(1000);
  });

  it("answers a call as soon as it is ready, while others wait for a hash", async () => {
    foyer = await startFoyer({ bcryptCost: 14, hashConcurrency: 1 });
    const { auth } = streaming();
    const order: string[] = [];
    const [account = SHORT] = accounts(1);
    await Promise.all([
      failure(auth.verifyEmail.mutate({ token: "x" })).then(async () => {
        order.push("refused");
        expect(await foyer.users()).to.deep.equal([]);
      }),
      auth.register.mutate(account).then(() => order.push("registered")),
    ]);
    expect(order).to.deep.equal(["refused", "registered"]);
    expect(logLines(foyer)).to.have.length(1);
  });

  it("has nothing of what was sent", async () => {
    foyer = await startFoyer();
    const answer = await post(
      "auth.register,auth.canary,auth.verifyEmail,auth.register",
      { email: "canary@", password: "canary\n" },
      { canary: "canary" },
      { token: "canary" },
      { email: "canary-password@example.com", password: "canary-password" },
    );
    const text = await answer.text();
    for (const code of ["invalid_input", "NOT_FOUND", "token_unknown"]) expect(text).to.include(code);
    expect(text).not.to.match(/canary|stack|\.ts/i);
  });

  it("has nothing of a fault but that there was one, and the log has all", async () => {
    foyer = await startFoyer();
    await foyer.breakInserts();
    const text = await (await post("auth.register,auth.verifyEmail", ...accounts(1), { token: "x" })).text();
    expect(text).to.include("something went wrong on our side").and.include("token_unknown");
    expect(text).not.to.match(/no_more_users|insert|n0@|stack/);
    const [line] = logLines(foyer);
    expect(line).to.include({ status: 200, level: 50 });
    expect(JSON.stringify(line)).to.include("no_more_users").and.not.include("n0@");
    expect(await metric(foyer, "foyer_faults_total")).to.equal(1);
  });

  it("has one line in the log, with its procedures, its status and its request id", async () => {
    foyer = await startFoyer();
    const answer = await post("auth.register,auth.verifyEmail,auth.register", ...accounts(1), { token: "x" }, SHORT);
    await answer.text();
    expect(logLines(foyer)).to.have.length(1);
    expect(logLines(foyer)[0]).to.include({
      requestId: answer.headers.get("x-request-id"),
      method: "POST",
      route: "/trpc/auth.register,auth.verifyEmail",
      status: 200,
      level: 30,
    });
  });

  it("counts in the metrics as one request, and each of its calls by its own outcome", async () => {
    foyer = await startFoyer();
    await (await post("auth.register,auth.verifyEmail,auth.register", ...accounts(1), { token: "x" }, SHORT)).text();
    for (const line of [
      'http_request_duration_seconds_count{method="POST",route="/trpc/(batch)",status="200"}',
      'foyer_procedure_calls_total{procedure="auth.register",outcome="ok"}',
      'foyer_procedure_calls_total{procedure="auth.register",outcome="invalid_input"}',
      'foyer_procedure_calls_total{procedure="auth.verifyEmail",outcome="token_unknown"}',
    ])
      expect(await metric(foyer, line), line).to.equal(1);
    expect(await metric(foyer, "foyer_faults_total")).to.equal(0);
  });

  it("holds one place in the hashing queue, as one person would", async () => {
    foyer = await startFoyer({ bcryptCost: 10, hashConcurrency: 1 });
    const batch = post(Array(8).fill("auth.register").join(","), ...accounts(8)).then((answer) => answer.text());
    let registered = false;
    batch.then(() => {
      registered = true;
    });
    const lengths: number[] = [];
    while (!registered) {
      lengths.push(await metric(foyer, "foyer_hash_queue_length"));
      await setTimeout(10);
    }
    expect(Math.max(...lengths)).to.equal(1);
    expect(await foyer.users()).to.have.length(8);
  });

  it("asks nothing more for its calls when the client goes away", async () => {
    foyer = await startFoyer({ bcryptCost: 13, hashConcurrency: 1 });
    const controller = new AbortController();
    const { auth } = streaming();
    const calls = accounts(5).map((account) => auth.register.mutate(account, { signal: controller.signal }));
    const outcomes = Promise.allSettled(calls);
    await calls[0];
    controller.abort();
    expect((await outcomes).map(({ status }) => status)).to.deep.equal(["fulfilled", ...Array(4).fill("rejected")]);
    while (!logLines(foyer).length) await setTimeout(5);
    expect(logLines(foyer)[0]).to.include({ status: 499, level: 30 });
    const aborted = () => metric(foyer, 'foyer_hash_refusals_total{reason="aborted"}');
    while ((await foyer.users()).length + (await aborted()) < 5) await setTimeout(10);
    // That which was being hashed at the moment is finished.
    expect(await aborted()).to.be.within(3, 4);
    expect(await metric(foyer, "foyer_faults_total")).to.equal(0);
  });

  it("of more than ten calls is refused with 400 before any is made", async () => {
    foyer = await startFoyer();
    const { auth } = createTRPCClient<AppRouter>({ links: [httpBatchStreamLink({ url: `${foyer.url}/trpc` })] });
    const errors = await Promise.all(accounts(11).map((account) => failure(auth.register.mutate(account))));
    for (const { data } of errors) expect(data).to.deep.equal({ code: "BAD_REQUEST", httpStatus: 400 });
    expect(await foyer.users()).to.deep.equal([]);
  });

  it("is refused to a page of another origin", async () => {
    foyer = await startFoyer();
    const { auth } = createTRPCClient<AppRouter>({
      links: [httpBatchStreamLink({ url: `${foyer.url}/trpc`, headers: { "Sec-Fetch-Site": "cross-site" } })],
    });
    const errors = await Promise.all(accounts(2).map((account) => failure(auth.register.mutate(account))));
    for (const { data } of errors) expect(data).to.deep.equal({ code: "FORBIDDEN", httpStatus: 403 });
  });
});
