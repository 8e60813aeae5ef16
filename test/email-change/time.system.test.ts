import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import { expect } from "chai";
import { newSignedIn, type SignedIn } from "../support/account.ts";
import { startDiscreetFoyer } from "../support/discreet.ts";
import type { TestFoyer } from "../support/foyer.ts";
import { CLEAR, median, signedRank } from "../support/signed-rank.ts";

const PAIRS = 100;

describe("auth.requestEmailChange in discreet mode", () => {
  let foyer: TestFoyer;
  let own: SignedIn;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  let twoAddresses: () => { registered: string; fresh: string };
  before(async () => {
    ({ foyer, twoAddresses } = await startDiscreetFoyer());
    own = await newSignedIn(foyer);
  });
  after(async () => {
    agent.destroy();
    await foyer.stop();
  });

  async function timeOf(email: string) {
    const headers = { "Content-Type": "application/json", Cookie: own.cookie, Origin: foyer.url };
    const started = performance.now();
    const sent = request(`${foyer.url}/account/email`, { method: "POST", agent, headers });
    sent.end(JSON.stringify({ email }));
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    await text(answer);
    expect(answer.statusCode).to.equal(202);
    return performance.now() - started;
  }

  it("takes the same time for a registered and a new address", async function () {
    this.timeout(60_000);
    await timeOf(twoAddresses().fresh);
    const times = { registered: [] as number[], fresh: [] as number[] };
    for (let pair = 0; pair < PAIRS; pair += 1) {
      const addresses = twoAddresses();
      for (const which of pair % 2 ? (["fresh", "registered"] as const) : (["registered", "fresh"] as const))
        times[which].push(await timeOf(addresses[which]));
    }
    const z = signedRank(times.fresh.map((time, n) => time - (times.registered[n] ?? 0)));
    const [registered, fresh] = [median(times.registered), median(times.fresh)].map((ms) => ms.toFixed(2));
    process.stdout.write(
      `        ${PAIRS} pairs, median ${registered} ms registered, ${fresh} ms new, z = ${z.toFixed(2)}\n`,
    );
    expect(Math.abs(z)).to.be.below(CLEAR);
  });
});
