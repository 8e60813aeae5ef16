import { hash } from "bcrypt";
import { COOKIES } from "../src/http/cookies.ts";
import { newSessionToken } from "../src/service/sessions/token.ts";
import { inTurns, loadBesideRaw } from "./beside.ts";
import { type BenchDatabase, emailOf } from "./database.ts";
import { type Answer, ask, closedLoop, type Load, of, openLoop, quantile, registerNew } from "./load.ts";
import { report, round } from "./report.ts";
import { type Service, startService } from "./service.ts";
import { config, MANY, options, RAMP_SECONDS, SECONDS } from "./settings.ts";
import { type Connections, createConnections } from "./sockets.ts";

const CLIENTS = 64;
const FEW = 1000;
const PASSWORD = "correct horse battery";
/** Short ones, often in turns: a check takes so little that the machine's other work shows at once. */
const TURNS = options.quick ? 4 : 10;
const TURN_SECONDS = 2;
const TURN_RAMP_SECONDS = 0.3;
const PROBES_PER_SECOND = 100;

/** A service of which each of many people has a session, and connections to it. */
type Site = { service: Service; connections: Connections; tokens: readonly string[] };

async function open(database: BenchDatabase, people: number, hashedPassword: string): Promise<Site> {
  const tokens = Array.from({ length: people }, () => newSessionToken("browser"));
  await database.fill({ users: people, hashedPassword, tokens });
  const service = await startService(database.env);
  return { service, tokens, connections: createConnections(service.url) };
}

async function close({ connections, service }: Site) {
  connections.close();
  await service.stop();
}

function anyOf(length: number) {
  return Math.floor(Math.random() * length);
}

function cookieOfAnyone({ tokens }: Site) {
  return `${COOKIES.session}=${tokens[anyOf(tokens.length)]}`;
}

function checkSession(site: Site) {
  return site.connections.get("/session", cookieOfAnyone(site));
}

/** Whoever is nobody is answered with 200 too. */
async function refuseUnlessLive(site: Site) {
  const answer = await fetch(`${site.service.url}/session`, { headers: { Cookie: cookieOfAnyone(site) } });
  if ((await answer.text()).includes('"account":null')) throw new Error("a session that was filled in is not live");
}

function turnOf(send: () => Promise<Answer>) {
  return () =>
    closedLoop({ clients: CLIENTS, rampSeconds: TURN_RAMP_SECONDS, seconds: TURN_SECONDS, send, patient: false });
}

function describe({ answers, perSecond }: Load) {
  const [median, p99] = [0.5, 0.99].map((q) => round(quantile(answers, q), 1));
  return `${round(perSecond, 0)}/s (p50/p99 ${median}/${p99} ms)`;
}

async function warmUp(site: Site) {
  await refuseUnlessLive(site);
  await inTurns(
    2,
    turnOf(() => site.connections.get("/healthz")),
    turnOf(() => checkSession(site)),
  );
}

/** (h) and (i): who is signed in, asked by many at once. */
async function measureChecks(site: Site) {
  const { service, connections } = site;
  const counts = async () => [await service.sessionChecks(), await service.sessionReads()] as const;
  const [checksBefore, readsBefore] = await counts();
  const [health, checks] = await inTurns(
    TURNS,
    turnOf(() => connections.get("/healthz")),
    turnOf(() => checkSession(site)),
  );
  const [checked, reads] = await counts();
  report({
    what: `(h) ${CLIENTS} clients, session checks/s over those of /healthz`,
    ratio: round(checks.perSecond / health.perSecond),
    raw: `${describe(checks)} of ${describe(health)}`,
  });
  report({
    what: `(i) statements for a session check, ${CLIENTS} clients`,
    ratio: round((reads - readsBefore) / (checked - checksBefore)),
    raw: `${reads - readsBefore} for ${checked - checksBefore}`,
  });
}

/** (j): the same at a steady rate, at rest and while the queue of hashes is full. */
async function measureWhileHashing(site: Site) {
  const { service, connections } = site;
  const probe = (send: () => Promise<Answer>) =>
    openLoop({ perSecond: PROBES_PER_SECOND, rampSeconds: RAMP_SECONDS, seconds: SECONDS, send });
  const probeBoth = () => Promise.all([probe(() => checkSession(site)), probe(() => connections.get("/healthz"))]);
  const register = () => registerNew(service.url);
  const [checksAtRest, healthAtRest] = await probeBoth();
  const [registrations, [checks, health]] = await Promise.all([
    closedLoop({ clients: CLIENTS, rampSeconds: RAMP_SECONDS, seconds: SECONDS, send: register, patient: true }),
    probeBoth(),
  ]);
  const refused = of(registrations.answers, 503).length;
  report({
    what: `(j) p99 of session checks while ${CLIENTS} clients register, ms`,
    ratio: round(quantile(checks.answers, 0.99), 1),
    raw:
      `${describe(checks)}, /healthz ${describe(health)}, ${round(registrations.perSecond)} registered/s, ${refused} refused; ` +
      `at rest ${describe(checksAtRest)}, /healthz ${describe(healthAtRest)}`,
  });
}

/** (k): people who know their passwords. */
async function measureSignIns({ service, tokens }: Site) {
  const signIn = () =>
    ask(`${service.url}/sign-in`, "POST", { email: emailOf(1 + anyOf(tokens.length)), password: PASSWORD });
  const { load, limit } = await loadBesideRaw(() =>
    closedLoop({ clients: CLIENTS, rampSeconds: RAMP_SECONDS, seconds: SECONDS, send: signIn, patient: true }),
  );
  const right = load.answers.filter(({ status }) => status === 200);
  report({
    what: `(k) ${CLIENTS} clients, sign-ins/s over the limit`,
    ratio: round(load.perSecond / limit),
    raw: `${round(load.perSecond)}/s of ${round(limit)}/s, p99 ${round(quantile(right, 0.99) / 1000)} s, ${of(load.answers, 503).length} refused`,
  });
}

/** (l): checks where few and where many are signed in. */
async function measureGrowth(few: Site, many: Site) {
  const [ofFew, ofMany] = await inTurns(
    TURNS,
    turnOf(() => checkSession(few)),
    turnOf(() => checkSession(many)),
  );
  report({
    what: `(l) session checks/s with ${MANY} sessions over those with ${FEW}`,
    ratio: round(ofMany.perSecond / ofFew.perSecond),
    raw: `${describe(ofMany)} of ${describe(ofFew)}`,
  });
}

/** What it takes to tell who is signed in, and to sign in. */
export async function measureSessions(fewDatabase: BenchDatabase, manyDatabase: BenchDatabase): Promise<void> {
  const hashedPassword = await hash(PASSWORD, config.bcryptCost);
  const few = await open(fewDatabase, FEW, hashedPassword);
  await warmUp(few);
  await measureChecks(few);
  await measureWhileHashing(few);
  await measureSignIns(few);
  const many = await open(manyDatabase, MANY, hashedPassword);
  await warmUp(many);
  await measureGrowth(few, many);
  await Promise.all([few, many].map(close));
}
