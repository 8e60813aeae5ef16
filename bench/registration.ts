import { setTimeout } from "node:timers/promises";
import { besideRaw, loadBesideRaw, raw } from "./beside.ts";
import type { BenchDatabase } from "./database.ts";
import { type Answer, ask, closedLoop, type Load, of, openLoop, quantile, registerNew } from "./load.ts";
import { mean, report, round } from "./report.ts";
import { type Service, startService } from "./service.ts";
import { config, MANY, options, RAMP_SECONDS, SECONDS } from "./settings.ts";

const CLIENTS = options.quick ? [8, 64] : [1, 8, 64, 256];
const PROBE_EVERY_MS = 50;
const PROBED = ["/register", "/assets/foyer.css", "/healthz"];

/** Asks for pages at a steady rate while something else goes on. */
async function whileProbing<T>({ url }: Service, seconds: number, load: () => Promise<T>) {
  const probes = PROBED.map((path) =>
    openLoop({
      perSecond: 1000 / PROBE_EVERY_MS,
      rampSeconds: RAMP_SECONDS,
      seconds,
      send: () => ask(`${url}${path}`, "GET"),
    }),
  );
  const [result, ...loads] = await Promise.all([load(), ...probes]);
  return { result, pages: loads };
}

function describePages(pages: Load[]) {
  return pages
    .map(({ answers }, n) => `${PROBED[n]} ${[0.5, 0.99, 1].map((q) => round(quantile(answers, q), 1)).join("/")}`)
    .join(", ");
}

function worstP99(pages: Load[]) {
  return Math.max(...pages.map(({ answers }) => quantile(answers, 0.99)));
}

async function registerClosed(service: Service, clients: number, patient = true) {
  const send = () => registerNew(service.url);
  return closedLoop({ clients, rampSeconds: RAMP_SECONDS, seconds: SECONDS, send, patient });
}

const KNOWN = { email: "known@example.com", password: "correct horse battery" };

/** A duplicate of an unverified address is hashed for, as its owner may be asking. What is measured is any other. */
async function verifyKnown({ url }: Service) {
  for (;;) {
    const page = await (await fetch(`${url}/mailbox/1`)).text();
    const [token] = /(?<=token(?:=|&#x3D;))[\w-]+/.exec(page) ?? [];
    if (token) return ask(`${url}/verify`, "POST", { token, password: KNOWN.password });
    await setTimeout(100);
  }
}

function askKnown({ url }: Service) {
  return ask(`${url}/register`, "POST", KNOWN);
}

/** Brings a service that has just started to where one is that runs: its code compiled, its connections open. */
async function warmUp(service: Service) {
  const loop = (send: () => Promise<Answer>) =>
    closedLoop({ clients: 8, rampSeconds: 0, seconds: 2, send, patient: true });
  if ((await askKnown(service)).status === 201) await verifyKnown(service);
  await loop(() => registerNew(service.url));
  await loop(() => askKnown(service));
  for (const path of PROBED) await loop(() => ask(`${service.url}${path}`, "GET"));
}

/** (a): closed-loop clients that do as Retry-After says. */
async function measureThroughput(service: Service) {
  for (const clients of CLIENTS) {
    const { load, limit } = await loadBesideRaw(() => registerClosed(service, clients));
    const p99 = quantile(of(load.answers, 201), 0.99);
    report({
      what: `(a) ${clients} clients, registrations/s over the limit`,
      ratio: round(load.perSecond / limit),
      raw: `${round(load.perSecond)}/s of ${round(limit)}/s, p99 ${round(p99 / 1000)} s, ${of(load.answers, 503).length} refused`,
    });
  }
}

/** (b): pages while such clients register. */
async function measurePages(service: Service) {
  const rest = await whileProbing(service, SECONDS, async () => undefined);
  report({ what: "(b) pages at rest, p50/p99/max ms", ratio: 1, raw: describePages(rest.pages) });
  for (const clients of CLIENTS.filter((count) => count >= 64)) {
    const { pages } = await whileProbing(service, SECONDS, () => registerClosed(service, clients));
    report({
      what: `(b) pages under ${clients} clients, worst p99 over the same at rest`,
      ratio: round(worstP99(pages) / worstP99(rest.pages), 1),
      raw: describePages(pages),
    });
  }
}

/** (c): more than can be served. */
async function measureOverload(service: Service) {
  for (const times of [2, 20]) {
    const { perSecond } = await raw();
    const { load, limit } = await loadBesideRaw(() =>
      openLoop({
        perSecond: times * perSecond,
        rampSeconds: RAMP_SECONDS,
        seconds: SECONDS,
        send: () => registerNew(service.url),
      }),
    );
    describeOverload(`(c) arrivals at ${times} times the limit`, load, limit);
  }
  const { load, limit } = await loadBesideRaw(() => registerClosed(service, 256, false));
  describeOverload("(c) 256 clients that come back at once", load, limit);
}

function describeOverload(what: string, { answers, perSecond }: Load, limit: number) {
  const [accepted, refused] = [of(answers, 201), of(answers, 503)];
  const broken = answers.length - accepted.length - refused.length;
  report({
    what: `${what}, accepted/s over the limit`,
    ratio: round(perSecond / limit),
    raw: `${round(perSecond)}/s of ${round(limit)}/s; p99 of accepted ${round(quantile(accepted, 0.99) / 1000)} s (bound ${config.hashMaxWaitSeconds} s), p99 of ${refused.length} refusals ${round(quantile(refused, 0.99), 1)} ms, ${broken} neither`,
  });
}

type Cost = { cpuMs: number; statements: number };

/** What the service spends on each answer of a status, with its share of what runs beside, such as its email. */
async function measureCostOf(service: Service, status: number, send: () => Promise<Answer>, clients: number) {
  let count = 0;
  // Counts those too that are answered after the window, for they were paid for.
  const sendCounted = async () => {
    const answer = await send();
    if (answer.status === status) count += 1;
    return answer;
  };
  const spent = async () => [await service.cpuSeconds(), await service.statements()] as const;
  const [cpuBefore, statementsBefore] = await spent();
  await closedLoop({ clients, rampSeconds: 0, seconds: SECONDS, send: sendCounted, patient: true });
  const [cpu, statements] = await spent();
  return { cpuMs: ((cpu - cpuBefore) * 1000) / count, statements: (statements - statementsBefore) / count };
}

/** (d) and (f): processor time of the service and statements to the database, by kind of request. */
async function measureCost(service: Service) {
  const { results, hashCpuMs } = await besideRaw(() =>
    measureCostOf(service, 201, () => registerNew(service.url), config.hashConcurrency),
  );
  const meanOf = (name: keyof Cost) => mean(results.map((cost) => cost[name]));
  report({
    what: "(d) CPU of a registration and its email over that of a bare hash",
    ratio: round(meanOf("cpuMs") / hashCpuMs, 3),
    raw: `${round(meanOf("cpuMs"), 1)} ms of ${round(hashCpuMs, 1)} ms`,
  });
  report({
    what: "(d) statements for a registration and its email",
    ratio: round(meanOf("statements"), 1),
    raw: "without those that begin and end transactions",
  });
  for (const [what, send] of [
    ["a duplicate", () => askKnown(service)],
    ["an invalid request", () => ask(`${service.url}/register`, "POST", { email: "x", password: "y" })],
  ] as const) {
    const { cpuMs, statements } = await measureCostOf(service, 400, send, 8);
    report({
      what: `(f) CPU of ${what} over that of a bare hash`,
      ratio: round(cpuMs / hashCpuMs, 4),
      raw: `${round(cpuMs, 2)} ms, ${round(statements, 1)} statements`,
    });
  }
}

/** (e) and (g): memory after all that, and the time of a registration where many did before. */
async function measureSize(service: Service, database: BenchDatabase) {
  const empty = await loadBesideRaw(() => registerClosed(service, 64));
  report({ what: "(e) peak memory, MiB", ratio: round(await service.residentMiB(), 0), raw: "resident" });
  await service.stop();
  await database.fill({ users: MANY });
  const filled = await startService(database.env);
  await warmUp(filled);
  const full = await loadBesideRaw(() => registerClosed(filled, 64));
  await filled.stop();
  const perLimit = (measured: typeof empty) => measured.load.perSecond / measured.limit;
  report({
    what: `(g) time per registration with ${MANY} users over that with few`,
    ratio: round(perLimit(empty) / perLimit(full)),
    raw: `${round(full.load.perSecond)}/s against ${round(empty.load.perSecond)}/s`,
  });
}

/** How near registration comes to the machine's limit, and what others notice of it. */
export async function measureRegistration(database: BenchDatabase): Promise<void> {
  const service = await startService(database.env);
  await warmUp(service);
  await measureThroughput(service);
  await measurePages(service);
  await measureOverload(service);
  await measureCost(service);
  await measureSize(service, database);
}
