import { expect } from "chai";
import knex from "knex";
import { createLimiter } from "../../src/limits/limiter.ts";
import { toNetworks } from "../../src/limits/network.ts";

describe("the networks of an IP address", () => {
  for (const [ip, networks] of [
    ["192.0.2.7", "192.0.2.7"],
    ["::ffff:192.0.2.7", "192.0.2.7"],
    ["2001:db8:1:234:3:4:5:6", "2001:db8:1:234::/64 2001:db8:1:200::/56 2001:db8:1::/48"],
    ["fe80::1%eth0", "fe80::/64 fe80::/56 fe80::/48"],
    ["64:ff9b::c000:207", "192.0.2.7"],
    ["2002:c000:207:1234::1", "192.0.2.7"],
    ["2001:0:53aa:64c:0:7a1e:3fff:fdf8", "192.0.2.7"],
    ["unknown", "unknown"],
  ] as const) {
    it(`are ${networks} for ${ip}`, () => expect(toNetworks(ip).join(" ")).to.equal(networks));
  }
});

describe("the limiter while the database is away", () => {
  it("takes nothing from a larger network for what it refuses a smaller one in it", async () => {
    const nowhere = knex({ client: "pg", connection: "postgres://127.0.0.1:1/none", log: { warn: () => {} } });
    const few = { count: 3, seconds: 60 };
    const limiter = createLimiter(nowhere, { perIp: few, perEmail: few, total: few, signIn: few }, () => {});
    await limiter.spend({ ip: "192.0.2.1" }).catch(() => {});
    for (let n = 0; n < 100; n += 1) await limiter.spend({ ip: "2001:db8::1", isNew: true });
    expect((await limiter.spend({ ip: "2001:db8:0:1::1" })).ok, "of its /56").to.equal(true);
    await nowhere.destroy();
  });

  it("counts in memory, and after the first attempt without asking the database", async () => {
    const nowhere = knex({ client: "pg", connection: "postgres://127.0.0.1:1/none", log: { warn: () => {} } });
    const many = { count: 100, seconds: 60 };
    const limits = { perIp: { count: 2, seconds: 60 }, perEmail: many, total: many, signIn: many };
    const refused: string[] = [];
    const limiter = createLimiter(nowhere, limits, (limit) => refused.push(limit));
    const spend = () => limiter.spend({ ip: "192.0.2.1" });
    expect(await spend().catch((error: { code?: unknown }) => error.code)).to.equal("ECONNREFUSED");
    expect(await spend()).to.deep.equal({ ok: true, value: undefined });
    expect(refused).to.deep.equal([]);
    const third = await spend();
    expect(third).to.deep.include({ ok: false });
    if (!third.ok) expect(third.error.limit).to.deep.equal({ name: "ip", count: 2, seconds: 60 });
    expect(refused).to.deep.equal(["ip"]);
    await nowhere.destroy();
  });
});
