import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { createMetrics } from "../../src/ops/metrics.ts";
import type { Caller } from "../../src/service/caller.ts";
import { newSignedIn, signIn, whoIs } from "../support/account.ts";
import { postgresUrl } from "../support/database.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const LABELLED = {
  foyer_limit_refusals_total: { limit: ["requests", "ip", "email", "total", "guesses", "sign_in"] },
  foyer_hash_refusals_total: { reason: ["full", "aborted", "closed", "broken"] },
  foyer_emails_total: { event: ["queued", "sent", "delayed", "retried", "given_up", "dropped"] },
  foyer_events_total: { event: ["queued", "sent", "retried", "given_up"] },
  foyer_session_checks_total: { outcome: ["live", "none", "malformed"] },
  foyer_rehashes_total: { outcome: ["done", "skipped", "failed"] },
  foyer_bots_total: { reason: ["honeypot", "too_fast"] },
};

const OUTCOMES = {
  "auth.register": ["ok", "invalid_input", "email_taken", "registration_closed", "rate_limited", "busy", "unavailable"],
  "auth.verifyEmail": [
    "ok",
    "token_unknown",
    "token_expired",
    "token_used",
    "password_required",
    "code_refused",
    "invalid_input",
    "rate_limited",
    "busy",
    "unavailable",
  ],
  "auth.resendVerification": ["ok", "invalid_input", "rate_limited", "unavailable"],
  "auth.signIn": [
    ...["ok", "invalid_input", "invalid_credentials", "email_not_verified"],
    ...["rate_limited", "busy", "unavailable"],
  ],
  "auth.reauthenticate": [
    ...["ok", "not_signed_in", "invalid_input", "invalid_credentials"],
    ...["rate_limited", "busy", "unavailable"],
  ],
  "auth.session": ["ok", "unavailable"],
  "auth.signOut": ["ok", "invalid_input", "unavailable"],
  "auth.sessions": ["ok", "not_signed_in", "unavailable"],
  "auth.endSession": ["ok", "not_signed_in", "session_unknown", "unavailable"],
  "auth.acceptTerms": ["ok", "not_signed_in", "invalid_input", "unavailable"],
  "auth.requestPasswordReset": ["ok", "invalid_input", "rate_limited", "unavailable"],
  "auth.resetPassword": [
    ...["ok", "token_unknown", "token_expired", "token_used"],
    ...["invalid_input", "rate_limited", "busy", "unavailable"],
  ],
  "auth.changePassword": [
    ...["ok", "not_signed_in", "invalid_input", "invalid_credentials"],
    ...["rate_limited", "busy", "unavailable"],
  ],
  "auth.requestEmailChange": [
    ...["ok", "not_signed_in", "reauthentication_required", "invalid_input"],
    ...["invalid_credentials", "rate_limited", "busy", "unavailable"],
  ],
  "auth.confirmEmailChange": [
    ...["ok", "token_unknown", "token_expired", "token_used", "email_taken"],
    ...["rate_limited", "unavailable"],
  ],
  "auth.undoEmailChange": [
    ...["ok", "token_unknown", "token_expired", "token_used", "email_taken"],
    ...["rate_limited", "unavailable"],
  ],
  "auth.exportAccount": ["ok", "not_signed_in", "rate_limited", "unavailable"],
  "auth.deleteAccount": [
    ...["ok", "not_signed_in", "reauthentication_required", "invalid_input"],
    ...["invalid_credentials", "rate_limited", "busy", "unavailable"],
  ],
  "auth.keepAccount": ["ok", "not_signed_in", "unavailable"],
};

describe("the metrics at /metrics", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  const read = async () => (await foyer.http.get("/metrics")).text;
  const calls = (procedure: string, outcome: string) =>
    `foyer_procedure_calls_total{procedure="${procedure}",outcome="${outcome}"}`;

  it("have every series with a known label from the start, so that rates see its first event", async () => {
    foyer = await startFoyer({ mail: { kind: "none" } });
    const text = await read();
    for (const [name, labels] of Object.entries(LABELLED)) {
      for (const [label, values] of Object.entries(labels)) {
        const lines = text.match(new RegExp(`^${name}\\{.*$`, "gm"));
        expect(lines).to.deep.equal(values.map((value) => `${name}{${label}="${value}"} 0`));
      }
    }
    const expected = Object.entries(OUTCOMES).flatMap(([name, outcomes]) =>
      outcomes.map((outcome) => `${calls(name, outcome)} 0`),
    );
    expect(text.match(/^foyer_procedure_calls_total\{.*$/gm)).to.deep.equal(expected);
    expect(text).to.include("foyer_faults_total 0\n").and.include("foyer_sessions_live 0\n");
    expect(text).to.include("foyer_emails_waiting 0\n").and.include("foyer_email_oldest_seconds 0\n");
  });

  it("tell what runs, whether it can serve, and how it uses its connections", async () => {
    foyer = await startFoyer();
    await foyer.register("alice@example.com");
    const text = await read();
    expect(text).to.match(/^foyer_build_info\{version="\d+\.\d+\.\d+",node="v\d+\.\d+\.\d+"\} 1$/m);
    expect(text).to.include("foyer_ready 1\n");
    expect(text).to.include(`foyer_database_connections_max ${postgresUrl ? 10 : 1}\n`);
    expect(text)
      .to.match(/^foyer_database_connections\{state="used"\} \d+$/m)
      .and.match(/^foyer_database_connections_waiting \d+$/m);
    const [, idle = "0"] = /^foyer_database_connections\{state="idle"\} (\d+)$/m.exec(text) ?? [];
    const [, used = "0"] = /^foyer_database_connections\{state="used"\} (\d+)$/m.exec(text) ?? [];
    expect(Number(idle) + Number(used)).to.be.above(0);
  });

  it("count the outcomes of procedures, and which limit refused", async () => {
    const many = { count: 100, seconds: 600 };
    const limits = {
      perIp: many,
      perEmail: { count: 2, seconds: 600 },
      perMailbox: many,
      perDomain: many,
      total: { count: 1, seconds: 60 },
      signIn: { count: 1, seconds: 60 },
    };
    foyer = await startFoyer({ rateLimits: limits });
    await foyer.register("alice@example.com");
    await foyer.register("bob@example.com");
    await foyer.resend("x");
    for (const _ of [1, 2, 3]) await foyer.resend("carol@example.com");
    await foyer.verify("x");
    const text = await read();
    expect(text).to.include('foyer_limit_refusals_total{limit="total"} 1\n');
    expect(text).to.include('foyer_limit_refusals_total{limit="email"} 1\n');
    expect(text).to.include(`${calls("auth.register", "ok")} 1\n`);
    expect(text).to.include(`${calls("auth.resendVerification", "invalid_input")} 1\n`);
    for (const outcome of ["ok", "rate_limited"]) {
      expect(text).to.include(calls("auth.resendVerification", outcome));
      expect(text).not.to.include(`${calls("auth.resendVerification", outcome)} 0\n`);
    }
    expect(text).to.include(`${calls("auth.verifyEmail", "token_unknown")} 1\n`);
  });

  it("count what became of sign-ins, and of checks of sessions", async () => {
    foyer = await startFoyer();
    const { email, cookie } = await newSignedIn(foyer);
    await signIn(foyer, email);
    for (const password of ["wrong horse battery", ""]) await foyer.http.post("/sign-in").send({ email, password });
    for (const sent of [cookie, cookie, `${cookie}x`, ""]) await foyer.http.get("/session/check").set("Cookie", sent);
    const ended = await signIn(foyer, email);
    await foyer.http.post("/sign-out").set({ Cookie: ended.cookie, Origin: foyer.url }).send({});
    await whoIs(foyer, ended.cookie);
    const text = await read();
    for (const [outcome, count] of Object.entries({ ok: 3, invalid_credentials: 1, invalid_input: 1 }))
      expect(text).to.include(`${calls("auth.signIn", outcome)} ${count}\n`);
    // The check of the sign-out is among them.
    for (const [outcome, count] of Object.entries({ live: 3, none: 1, malformed: 1 }))
      expect(text).to.include(`foyer_session_checks_total{outcome="${outcome}"} ${count}\n`);
    expect(text)
      .to.include("foyer_session_reads_total 4\n")
      .and.include(`${calls("auth.session", "ok")} 5\n`);
  });

  it("count one read for all who ask while another is under way", async () => {
    foyer = await startFoyer();
    const { cookie } = await newSignedIn(foyer);
    const credential = { kind: "cookie", token: cookie.replace("foyer-session=", "") } as const;
    const caller = { credential: () => credential } as Caller;
    const asked: ReturnType<typeof foyer.procedures.session.run>[] = [];
    for (let n = 0; n < 50; n += 1) {
      asked.push(foyer.procedures.session.run(undefined, caller));
      // One after another, before a server can have answered the first. The embedded database answers at once.
      for (let ticks = 0; postgresUrl && ticks < 5; ticks += 1)
        await new Promise<void>((resolve) => process.nextTick(resolve));
    }
    for (const answer of await Promise.all(asked)) expect(answer.ok && answer.value.account).to.include({ id: 1 });
    const text = await read();
    expect(text).to.include('foyer_session_checks_total{outcome="live"} 50\n');
    expect(text).to.match(/^foyer_session_reads_total [12]$/m);
  });

  it("count the live sessions of all instances, once a minute", async () => {
    foyer = await startFoyer();
    const [first, second] = [await newSignedIn(foyer), await newSignedIn(foyer)];
    await signIn(foyer, first.email);
    await foyer.sql("update users set disabled_at = now() where id = ?", second.id);
    expect(await read()).to.include("foyer_sessions_live 2\n");
    await signIn(foyer, first.email);
    expect(await read()).to.include("foyer_sessions_live 2\n");
    await foyer.restart();
    expect(await read()).to.include("foyer_sessions_live 3\n");
  });

  it("count a fault", async () => {
    foyer = await startFoyer();
    await foyer.breakInserts();
    expect((await foyer.register("alice@example.com")).status).to.equal(500);
    expect(await read()).to.include("foyer_faults_total 1\n");
  });

  it("have few series for tRPC, whatever clients call and however they spell it", async () => {
    foyer = await startFoyer();
    const call = (path: string) => foyer.http.post(path).send({});
    for (const path of ["/trpc/auth.register", "/tRpC/auth.register", "/trpc/auth%2Eregister", "/trpc/x/auth.register"])
      await call(path);
    for (const path of [
      "/trpc/secret1",
      "/trpc/secret2,auth.register",
      "/trpc/__proto__",
      "/trpc/%zz",
      "/trpc/",
      "/trpc",
    ])
      await call(path);
    await call("/trpc/auth.register,auth.register?batch=1");
    for (const path of ["auth.register,auth.verifyEmail", "auth.verifyEmail,auth.register,secret3"])
      await call(`/trpc/${path}?batch=1`);
    const routes = new Set(Array.from((await read()).matchAll(/route="(\/trpc[^"]*)"/gi), ([, route]) => route));
    expect([...routes].toSorted()).to.deep.equal(["/trpc/(batch)", "/trpc/(unknown)", "/trpc/auth.register"]);
    expect(foyer.logged()).not.to.match(/secret\d/);
  });

  it("ask the database at most once a second for what they show of the outbox, however many scrape", async () => {
    foyer = await startFoyer();
    let asked = 0;
    const metrics = createMetrics("1.0.0");
    metrics.watchOutbox(async () => {
      asked += 1;
      return { count: asked, oldestSeconds: asked };
    });
    for (const time of [1, 2]) {
      const texts = await Promise.all([1, 2, 3].map(() => metrics.registry.metrics()));
      for (const text of [...texts, await metrics.registry.metrics()])
        expect(text).to.include(`foyer_emails_waiting ${time}\n`).and.include(`foyer_email_oldest_seconds ${time}\n`);
      await setTimeout(1100);
    }
  });
});

describe("the log of requests", () => {
  let foyer: TestFoyer;
  afterEach(() => foyer.stop());

  const lines = (): Record<string, unknown>[] =>
    foyer
      .logged()
      .split("\n")
      .filter((line) => line.includes('"requestId"') && line.includes('"route"'))
      .map((line) => JSON.parse(line));
  const DEBUG = 20;
  const INFO = 30;

  it("has successful probes at debug, and everything else at info", async () => {
    foyer = await startFoyer();
    for (const path of ["/healthz", "/readyz", "/metrics", "/register", "/nothing"]) await foyer.http.get(path);
    await foyer.http.head("/healthz");
    await foyer.http.post("/healthz");
    const levels = lines().map(({ method, route, status, level }) => [method, route, status, level]);
    expect(levels).to.deep.equal([
      ["GET", "/healthz", 200, DEBUG],
      ["GET", "/readyz", 200, DEBUG],
      ["GET", "/metrics", 200, DEBUG],
      ["GET", "/register", 200, INFO],
      ["GET", "(none)", 404, INFO],
      ["HEAD", "/healthz", 200, DEBUG],
      ["POST", "/healthz", 405, INFO],
    ]);
  });

  it("names each procedure of a tRPC request once, and none that a client made up", async () => {
    foyer = await startFoyer();
    await foyer.client.auth.register.mutate({ email: "alice@example.com", password: PASSWORD });
    const asked = [1, 2, 3].map((n) => foyer.client.auth.resendVerification.mutate({ email: `n${n}@example.com` }));
    await Promise.all([...asked, foyer.client.auth.verifyEmail.mutate({ token: "x" }).catch(() => {})]);
    await foyer.http.post("/trpc/auth.register,my.own?batch=1").send({});
    await foyer.http.get("/trpc/secret123");
    await foyer.http.delete("/trpc/auth.register");
    await foyer.http.post("/trpc/auth.register").set("Content-Type", "text/plain").send("x");
    await foyer.http.post("/trpc/auth.register").set("Origin", "https://elsewhere.example").send({});
    expect(lines().map(({ method, route, status }) => [method, route, status])).to.deep.equal([
      ["POST", "/trpc/auth.register", 200],
      ["POST", "/trpc/auth.resendVerification,auth.verifyEmail", 207],
      ["POST", "/trpc/auth.register,(unknown)", 207],
      ["GET", "/trpc/(unknown)", 404],
      ["DELETE", "/trpc/auth.register", 405],
      ["POST", "/trpc/auth.register", 415],
      ["POST", "/trpc/auth.register", 403],
    ]);
  });

  for (const [trustProxy, isKept] of [
    ["loopback", true],
    [true, true],
    [1, true],
    ["127.0.0.0/8,10.0.0.1", true],
    ["10.0.0.0/8", false],
    [false, false],
  ] as const) {
    it(`${isKept ? "keeps" : "replaces"} the X-Request-Id of a client on this machine with TRUST_PROXY=${trustProxy}`, async () => {
      foyer = await startFoyer({ trustProxy });
      const given = "Root=1-67891233-abcdef012345678912345678";
      const { headers } = await foyer.http
        .get("/register")
        .set("X-Request-Id", given)
        .set("X-Forwarded-For", "192.0.2.1");
      expect(headers["x-request-id"] === given).to.equal(isKept);
      expect(lines()[0]).to.include({ requestId: headers["x-request-id"] });
    });
  }

  it("replaces an X-Request-Id of a trusted proxy that is not fit for a log", async () => {
    foyer = await startFoyer({ trustProxy: "loopback" });
    for (const given of ["", " ", "x".repeat(129), "a b", "a,b", '"x"', "<script>", "é", "a\tb", "{}"]) {
      const { headers } = await foyer.http.get("/register").set("X-Request-Id", Buffer.from(given).toString("latin1"));
      expect(headers["x-request-id"], given).to.match(/^[0-9a-f-]{36}$/);
    }
    const longest = "x".repeat(128);
    expect((await foyer.http.get("/register").set("X-Request-Id", longest)).headers["x-request-id"]).to.equal(longest);
  });
});
