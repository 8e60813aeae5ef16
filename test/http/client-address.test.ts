import { expect } from "chai";
import { cookieOf, newAccount } from "../support/account.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";

describe("the IP address that is kept of a client", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer({ trustProxy: "loopback" });
  });
  after(() => foyer.stop());

  for (const [forwarded, kept, what] of [
    ["192.0.2.7", "192.0.2.7"],
    ["192.0.2.7:5001", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:DB8:0::7", "2001:db8::7"],
    ["[2001:db8::7]:5001", "2001:db8::7"],
    ["fe80::7%eth0", "fe80::7"],
    ["not an address", "unknown"],
    [`fe80::7%${"z".repeat(5000)}`, "fe80::7", "an address with a very long zone"],
    ["7".repeat(5000), "unknown", "a very long number"],
  ] as const) {
    it(`is ${kept} where the proxy names ${what ?? forwarded}`, async () => {
      const { email } = await newAccount(foyer);
      const signIn = foyer.http.post("/sign-in").set("X-Forwarded-For", forwarded);
      const cookie = cookieOf(await signIn.send({ email, password: PASSWORD }).expect(200));
      const [session] = (await foyer.http.get("/sessions").set("Cookie", cookie)).body;
      expect(session.ip).to.equal(kept);
    });
  }
});
