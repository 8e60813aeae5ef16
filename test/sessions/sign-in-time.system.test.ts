import { once } from "node:events";
import { Agent, type IncomingMessage, request } from "node:http";
import { text } from "node:stream/consumers";
import bcrypt from "bcrypt";
import { expect } from "chai";
import { newAccount } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress, signUp } from "../support/sign-up.ts";
import { CLEAR, median, signedRank } from "../support/signed-rank.ts";

/** So many show a hash more or less, which is what there is to hide, and not the hundredths of a millisecond beside it. */
const PAIRS = 40;
const COST = 6;
const LONG = "long horse battery ".repeat(5);

/** The ways to be refused, each beside an address that nobody has. */
const REFUSED: Record<string, (foyer: TestFoyer) => Promise<string>> = {
  "a wrong password": async (foyer) => (await newAccount(foyer)).email,
  "an unverified account": async (foyer) => (await signUp(foyer)).address,
  "a long password's hash": async (foyer) => {
    const email = newAddress();
    await foyer.register(email, LONG);
    await foyer.sql("update users set email_verified_at = now() where email = ?", email);
    return email;
  },
  "a disabled account": async (foyer) => {
    const { id, email } = await newAccount(foyer);
    await foyer.sql("update users set disabled_at = now() where id = ?", id);
    return email;
  },
  "an imported hash of a lower cost": async (foyer) => {
    const { id, email } = await newAccount(foyer);
    const hash = bcrypt.hashSync(PASSWORD, COST - 1).replace("$2b$", "$2y$");
    await foyer.sql("update users set hashed_password = ? where id = ?", hash, id);
    return email;
  },
  "too many failures": async (foyer) => {
    const { email } = await newAccount(foyer);
    for (let n = 0; n < 101; n += 1) await foyer.http.post("/sign-in").send({ email, password: "wrong horse battery" });
    return email;
  },
};

describe("refused sign-ins", () => {
  let foyer: TestFoyer;
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  before(async () => {
    foyer = await startFoyer({ bcryptCost: COST });
  });
  after(async () => {
    agent.destroy();
    await foyer.stop();
  });

  async function timeOf(email: string, password: string) {
    const started = performance.now();
    const headers = { "Content-Type": "application/json" };
    const sent = request(`${foyer.url}/sign-in`, { method: "POST", agent, headers });
    sent.end(JSON.stringify({ email, password }));
    const [answer] = (await once(sent, "response")) as [IncomingMessage];
    await text(answer);
    expect(answer.statusCode).to.equal(401);
    return performance.now() - started;
  }

  for (const [what, prepare] of Object.entries(REFUSED)) {
    for (const password of ["a wrong password 1234", "a wrong password 1234 ".repeat(4)]) {
      it(`take the time of an unknown address: ${what}, ${password.length} bytes`, async function () {
        this.timeout(120_000);
        const refused = await prepare(foyer);
        const unknown = newAddress();
        await timeOf(refused, password);
        await timeOf(unknown, password);
        const differences: number[] = [];
        const times: number[] = [];
        for (let pair = 0; pair < PAIRS; pair += 1) {
          const [first, second] = pair % 2 ? [refused, unknown] : [unknown, refused];
          const [one, other] = [await timeOf(first, password), await timeOf(second, password)];
          differences.push(pair % 2 ? one - other : other - one);
          times.push(one);
        }
        const z = signedRank(differences);
        process.stdout.write(`        ${PAIRS} pairs, median ${median(times).toFixed(2)} ms, z = ${z.toFixed(2)}\n`);
        expect(Math.abs(z)).to.be.below(CLEAR);
      });
    }
  }
});
