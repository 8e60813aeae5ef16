import { expect } from "chai";
import knex from "knex";
import { createLimiter } from "../../src/limits/limiter.ts";
import { networkOf } from "../../src/limits/network.ts";

describe("the network of an address", () => {
  for (const [ip, network] of [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"],
    ["fe80::1%eth0", "fe80::/64"],
    ["192.0.2.7:5001", "192.0.2.7"],
    ["[2001:db8:1:2::9]:5001", "2001:db8:1:2::/64"],
    ["64:ff9b::c000:207", "192.0.2.7"],
    ["", "unknown"],
    ["not an address", "unknown"],
  ] as const) {
    it(`of ${ip || "nothing"} is ${network}`, () => expect(networkOf(ip)).to.equal(network));
  }
});

describe("the limiter", () => {
  it("counts in memory while the database is away, and soon without asking it", async () => {
    const nowhere = knex({ client: "pg", connection: "postgres://127.0.0.1:1/none", log: { warn: () => {} } });
    const many = { count: 100, seconds: 60 };
    const limits = { perAddress: { count: 2, seconds: 60 }, perEmail: many, perMailbox: many, total: many };
    const limiter = createLimiter(nowhere, limits, () => {});
    const spend = () => limiter.byAddress({ ip: "192.0.2.1" });
    expect(await spend().catch((error) => error.code)).to.equal("ECONNREFUSED");
    expect(await spend()).to.equal(undefined);
    expect(await spend()).to.include({ limit: "address", count: 2 });
    await nowhere.destroy();
  });
});
