import fs, { statSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { syncBuiltinESMExports } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { mock } from "node:test";
import { expect } from "chai";
import { pino } from "pino";
import { connect } from "../../src/db/connect.ts";
import { createEmbedded } from "../support/database.ts";

const HOUR_MS = 60 * 60_000;

describe("the embedded database", () => {
  afterEach(() => mock.reset());

  it("is created in a folder that only its owner can enter", async () => {
    const folder = await mkdtemp(join(tmpdir(), "foyer-first-"));
    const dataDir = join(folder, "deeper", "data");
    const { close } = await connect({ dataDir }, pino({ level: "silent" }));
    expect(statSync(dataDir).mode & 0o777).to.equal(0o700);
    await close();
    await rm(folder, { recursive: true });
  });

  it("syncs a commit to the disk, and looks after itself as a server's background processes would", async () => {
    const sync = mock.method(fs, "fsyncSync");
    syncBuiltinESMExports();
    mock.timers.enable({ apis: ["setInterval"] });
    const { settings, drop } = await createEmbedded();
    const { db, close } = await connect(settings, pino({ level: "silent" }));
    const statements: string[] = [];
    const seen = new Set<(sql: string) => void>();
    db.on("query-response", (_response, { sql }: { sql: string }) => {
      statements.push(sql);
      for (const tell of seen) tell(sql);
    });
    const whenDone = (statement: string) => new Promise<void>((resolve) => seen.add((sql) => sql.includes(statement) && resolve()));

    const before = sync.mock.callCount();
    await db("users").insert({ email: "a@example.com", email_key: "a@example.com", hashed_password: "none" });
    expect(sync.mock.callCount()).to.be.greaterThan(before);

    const checkpoint = whenDone("CHECKPOINT");
    mock.timers.tick(HOUR_MS / 12);
    await checkpoint;
    expect(statements.join()).not.to.include("VACUUM");
    const vacuum = whenDone("VACUUM");
    mock.timers.tick(24 * HOUR_MS);
    await vacuum;

    await close();
    mock.timers.tick(24 * HOUR_MS);
    await drop();
    mock.restoreAll();
    syncBuiltinESMExports();
  });
});
