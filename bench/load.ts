import { Agent, request } from "node:http";
import { setTimeout } from "node:timers/promises";

export type Answer = { status: number; milliseconds: number; retryAfter: number };

const agent = new Agent({ keepAlive: true, maxSockets: Number.POSITIVE_INFINITY });
let accounts = 0;

/** Sends one request and waits for the whole answer; a connection that breaks counts as status 0. */
export function ask(url: string, method: string, body?: object): Promise<Answer> {
  const started = performance.now();
  return new Promise((resolve) => {
    const done = (status: number, retryAfter = 0) =>
      resolve({ status, milliseconds: performance.now() - started, retryAfter });
    const headers = body ? { "Content-Type": "application/json" } : {};
    request(url, { method, agent, headers }, (answer) => {
      answer.resume().once("end", () => done(answer.statusCode ?? 0, Number(answer.headers["retry-after"] ?? 0)));
    })
      .once("error", () => done(0))
      .end(body && JSON.stringify(body));
  });
}

export function registerNew(url: string): Promise<Answer> {
  accounts += 1;
  return ask(`${url}/register`, "POST", {
    email: `bench-${process.pid}-${accounts}@example.com`,
    password: "correct horse battery",
  });
}

/** `perSecond` is of those that succeeded. */
export type Load = { answers: Answer[]; perSecond: number };

/** Keeps what was answered within the window: after the ramp and before the end. */
function createWindow(rampSeconds: number, seconds: number) {
  const opens = performance.now() + rampSeconds * 1000;
  const closes = opens + seconds * 1000;
  const answers: Answer[] = [];
  return {
    closes,
    keep(answer: Answer) {
      const now = performance.now();
      if (now >= opens && now < closes) answers.push(answer);
    },
    result: (): Load => ({
      answers,
      perSecond: answers.filter(({ status }) => status >= 200 && status < 300).length / seconds,
    }),
  };
}

export type LoopSettings = {
  clients: number;
  rampSeconds: number;
  seconds: number;
  send: () => Promise<Answer>;
  patient: boolean;
};

/** Clients that each wait for an answer before they ask again, and for Retry-After where they are patient. */
export async function closedLoop({ clients, rampSeconds, seconds, send, patient }: LoopSettings): Promise<Load> {
  const window = createWindow(rampSeconds, seconds);
  const client = async () => {
    while (performance.now() < window.closes) {
      const answer = await send();
      window.keep(answer);
      const pause = Math.min(answer.retryAfter * 1000, window.closes - performance.now());
      if (patient && pause > 0) await setTimeout(pause);
    }
  };
  await Promise.all(Array.from({ length: clients }, client));
  return window.result();
}

/** Arrivals at a steady rate, whatever becomes of those before, and none who comes back. */
export async function openLoop(settings: {
  perSecond: number;
  rampSeconds: number;
  seconds: number;
  send: () => Promise<Answer>;
}): Promise<Load> {
  const { perSecond, rampSeconds, seconds, send } = settings;
  const window = createWindow(rampSeconds, seconds);
  const running: Promise<void>[] = [];
  for (let due = performance.now(); due < window.closes; due += 1000 / perSecond) {
    const early = due - performance.now();
    if (early > 0) await setTimeout(early);
    running.push(send().then(window.keep));
  }
  await Promise.all(running);
  return window.result();
}

/** The q-th quantile of milliseconds, 0 to 1. */
export function quantile(answers: Answer[], q: number): number {
  const sorted = answers.map(({ milliseconds }) => milliseconds).toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * q))] ?? Number.NaN;
}

export function of(answers: Answer[], status: number): Answer[] {
  return answers.filter((answer) => answer.status === status);
}
