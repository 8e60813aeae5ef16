import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { startDiscreetFoyer } from "../support/discreet.ts";
import { PASSWORD, type TestFoyer } from "../support/foyer.ts";
import { CLEAR, median, signedRank } from "../support/signed-rank.ts";

const PAIRS = 200;

describe("answers in discreet mode", () => {
  let foyer: TestFoyer;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let twoAddresses: () => { registered: string; fresh: string };
  before(async () => {
    ({ foyer, twoAddresses } = await startDiscreetFoyer());
  });
  after(async () => {
    agent.destroy();
    await foyer.stop();
  });

  async function send(path: string, body: object) {
    const headers = { "Content-Type": "application/json" };
    const sent = request(`${foyer.url}${path}`, { method: "POST", agent, headers }).end(JSON.stringify(body));
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    await text(answer);
  }

  const REQUESTS = {
    json: (email: string) => send("/register", { email, password: PASSWORD }),
    resend: (email: string) => send("/verify/resend", { email }),
    reset: (email: string) => send("/reset", { email }),
  };

  for (const how of ["json", "resend", "reset"] as const) {
    it(`take the same time for a registered and a new address: ${how}`, async function () {
      this.timeout(60_000);
      await REQUESTS[how](twoAddresses().fresh);
      const times = { registered: [] as number[], fresh: [] as number[] };
      for (let pair = 0; pair < PAIRS; pair += 1) {
        const addresses = twoAddresses();
        for (const which of pair % 2 ? (["fresh", "registered"] as const) : (["registered", "fresh"] as const)) {
          const started = performance.now();
          await REQUESTS[how](addresses[which]);
          times[which].push(performance.now() - started);
        }
      }
      const z = signedRank(times.fresh.map((time, n) => time - (times.registered[n] ?? 0)));
      const [registered, fresh] = [median(times.registered), median(times.fresh)].map((ms) => ms.toFixed(2));
      process.stdout.write(
        `        ${how}: ${PAIRS} pairs, median ${registered} ms registered, ${fresh} ms new, z = ${z.toFixed(2)}\n`,
      );
      expect(Math.abs(z)).to.be.below(CLEAR);
    });
  }
});
