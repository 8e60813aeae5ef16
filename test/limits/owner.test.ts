import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { emailsTo, readMailbox } from "../support/emails.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

const TEN_MINUTES = 600;
const HOUR = 3600;
/** The defaults, which no other test's have. */
const DEFAULTS = {
  perIp: { count: 100, seconds: TEN_MINUTES },
  perEmail: { count: 60, seconds: TEN_MINUTES },
  perMailbox: { count: 5, seconds: HOUR },
  perDomain: { count: 60, seconds: TEN_MINUTES },
  total: { count: 600, seconds: 60 },
  signIn: { count: 600, seconds: 60 },
};

describe("what a stranger spends is not what the owner needs", () => {
  let foyer: TestFoyer;
  beforeEach(async () => {
    foyer = await startFoyer({ trustProxy: "loopback", rateLimits: DEFAULTS });
  });
  afterEach(() => foyer.stop());

  const post = (path: string, ip: string, body: object) => foyer.http.post(path).set("X-Forwarded-For", ip).send(body);
  const signUpsOf = async (address: string) => (await foyer.rows("sign_ups")).filter(({ email }) => email === address);

  /** Twenty sign-ups of an address, from the sixteen /64 networks of one /60. */
  async function attack(email: string) {
    for (let n = 0; n < 20; n += 1) {
      await post("/register", `2001:db8:0:${(n % 16).toString(16)}::1`, { email, password: `attacker's ${n}` });
    }
  }

  it("keeps the owner's sign-up, sends its email at once, and takes a request for another", async () => {
    const email = "v@example.org";
    await attack(email);
    const owner = "198.51.100.1";
    expect((await post("/register", owner, { email, password: PASSWORD })).body.code).to.equal("email_taken");
    expect((await post("/verify/resend", owner, { email })).status).to.equal(202);
    expect(await signUpsOf(email)).to.have.length(21);
    // Five of the attacker's /48, which caused some already, and one of the owner's.
    const emails = await emailsTo(foyer, email, 6);
    const answers = await Promise.all(
      emails.map(({ token }) => foyer.http.post("/verify").send({ token, password: PASSWORD })),
    );
    expect(answers.map(({ status }) => status)).to.include(200);
    expect(await readMailbox(foyer, email)).to.have.length(6);
  });

  it("lets the owner in by any email that the stranger caused, with a password of the owner's own", async () => {
    const email = "w@example.org";
    await attack(email);
    const [{ token, text }] = await emailsTo(foyer, email);
    expect(text.replaceAll(/\s+/g, " ")).to.include("use the link to choose a password of your own");
    const { body, status } = await foyer.http.post("/verify").send({ token, newPassword: PASSWORD });
    expect(status).to.equal(200);
    const [first] = await foyer.users();
    expect(first).to.include({ id: body.id, email });
    expect(body.id).to.be.above(1);
  });

  it("answers a hundred sign-ups of one mailbox by its tags, and sends it five emails an hour", async () => {
    const answers = await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        post("/register", "192.0.2.1", { email: `vic.tim+${n}@gmail.com`, password: PASSWORD }),
      ),
    );
    expect(answers.map(({ status }) => status)).to.deep.equal(Array(100).fill(201));
    const sent = async () => (await foyer.rows("emails")).filter(({ outcome }) => outcome === "sent").length;
    expect((await post("/register", "192.0.2.2", { email: "other@gmail.com", password: PASSWORD })).status).to.equal(
      201,
    );
    await emailsTo(foyer, "other@gmail.com");
    // One of them the other's. That it was sent is noted a moment later.
    while ((await sent()) < 6) await setTimeout(50);
    expect(await sent()).to.equal(6);
  });
});
