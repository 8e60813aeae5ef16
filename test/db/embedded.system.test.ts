import { spawnSync } from "node:child_process";
import fs, { chmodSync, chownSync, mkdirSync, readdirSync, statSync, symlinkSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
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

  describe("is closed to all but its owner", () => {
    let folder: string;
    let logged: string;
    const log = pino(
      { level: "warn" },
      {
        write(line: string) {
          logged += line;
        },
      },
    );
    beforeEach(async () => {
      folder = await mkdtemp(join(tmpdir(), "foyer-private-"));
      logged = "";
    });
    afterEach(() => rm(folder, { recursive: true }));

    /** Files and folders that others have any right to. */
    const open = (dataDir: string) =>
      [".", ...readdirSync(dataDir, { recursive: true, encoding: "utf8" })].filter(
        (path) => statSync(join(dataDir, path)).mode & 0o077,
      );

    /** Whether the suite's own user or, where that is root, user nobody can read a file below. */
    function canOthersRead(dataDir: string) {
      const file = join(dataDir, "pgdata/PG_VERSION");
      return spawnSync("setpriv", ["--reuid=65534", "--regid=65534", "--clear-groups", "cat", file]).status === 0;
    }

    async function openAndWrite(dataDir: string) {
      const { db, close } = await connect({ dataDir }, log);
      await db.raw("create table if not exists later as select n, repeat('x', 1000) from generate_series(1, 2000) n");
      await db.raw("checkpoint");
      const whileOpen = open(dataDir);
      await close();
      return whileOpen;
    }

    it("in a folder that was there before, whatever the umask, with the files that it makes later", async () => {
      const dataDir = join(folder, "vol");
      mkdirSync(dataDir);
      chmodSync(dataDir, 0o777);
      chmodSync(folder, 0o755);
      const umask = process.umask(0);
      try {
        expect(await openAndWrite(dataDir)).to.deep.equal([]);
      } finally {
        process.umask(umask);
      }
      expect(open(dataDir)).to.deep.equal([]);
      expect(logged.match(/was open to others/g)).to.have.length(1);
      if (process.getuid?.() === 0) expect(canOthersRead(dataDir)).to.equal(false);
    });

    it("where it was left open, as by a copy, which the log says once", async () => {
      const { settings, drop } = await createEmbedded();
      const { dataDir } = settings as { dataDir: string };
      for (const path of readdirSync(dataDir, { recursive: true, encoding: "utf8" }))
        chmodSync(join(dataDir, path), 0o777);
      chmodSync(dataDir, 0o755);
      // By way of a link, too.
      const link = join(folder, "link");
      symlinkSync(dataDir, link);
      if (process.getuid?.() === 0) expect(canOthersRead(dataDir)).to.equal(true);
      expect(await openAndWrite(link)).to.deep.equal([]);
      expect(logged.match(/was open to others/g)).to.have.length(1);
      if (process.getuid?.() === 0) expect(canOthersRead(dataDir)).to.equal(false);
      await openAndWrite(dataDir);
      expect(logged.match(/was open to others/g)).to.have.length(1);
      await drop();
    });

    it("in a folder that holds other things too, and leaves that folder as it is", async () => {
      const { settings, drop } = await createEmbedded();
      const { dataDir } = settings as { dataDir: string };
      await writeFile(join(dataDir, "index.html"), "");
      chmodSync(dataDir, 0o755);
      chmodSync(join(dataDir, "index.html"), 0o644);
      expect(await openAndWrite(dataDir)).to.deep.equal([".", "index.html"]);
      await drop();
    });

    it("with the folder, if others may write to it, whatever else it holds", async () => {
      for (const mode of [0o777, 0o775, 0o2772]) {
        const dataDir = join(folder, `vol-${mode}`);
        mkdirSync(dataDir);
        await writeFile(join(dataDir, ".gitkeep"), "", { mode: 0o600 });
        chmodSync(dataDir, mode);
        logged = "";
        expect(await openAndWrite(dataDir)).to.deep.equal([]);
        expect(logged.match(/was open to others/g)).to.have.length(1);
        expect(statSync(dataDir).mode & 0o777).to.equal(0o700);
      }
    });

    describe("except for a folder that others may write to, of which the log warns, where it", () => {
      const { HOME } = process.env;
      const cwd = process.cwd();
      afterEach(() => {
        process.env["HOME"] = HOME;
        process.chdir(cwd);
      });
      for (const [what, mode, prepare] of [
        ["is sticky, as /tmp is", 0o1777, () => {}],
        ["is the working directory", 0o775, (path: string) => process.chdir(path)],
        ["holds the working directory", 0o777, (path: string) => process.chdir(join(path, "deeper"))],
        ["is the home", 0o777, (path: string) => Object.assign(process.env, { HOME: path })],
      ] as const) {
        it(what, async () => {
          const dataDir = join(folder, "shared");
          mkdirSync(join(dataDir, "deeper"), { recursive: true });
          chmodSync(join(dataDir, "deeper"), 0o700);
          chmodSync(dataDir, mode);
          prepare(dataDir);
          expect(await openAndWrite(dataDir)).to.deep.equal(["."]);
          expect(statSync(dataDir).mode & 0o7777).to.equal(mode);
          expect(logged.match(/Others can write to [^ ]+shared, /g)).to.have.length(1);
          expect(logged).not.to.include("was open to others");
        });
      }

      it("is another user's, as a mounted volume may be", async function () {
        if (process.getuid?.() !== 0) return this.skip();
        const dataDir = join(folder, "shared");
        mkdirSync(dataDir);
        chownSync(dataDir, 65534, 65534);
        chmodSync(dataDir, 0o2775);
        expect(await openAndWrite(dataDir)).to.deep.equal(["."]);
        expect(logged.match(/Others can write to [^ ]+shared, /g)).to.have.length(1);
      });
    });

    it("or is not opened at all where it is open and somebody else's", async function () {
      if (process.getuid?.() !== 0) return this.skip();
      const dataDir = join(folder, "vol");
      mkdirSync(join(dataDir, "pgdata"), { recursive: true });
      for (const path of [dataDir, join(dataDir, "pgdata")]) chmodSync(path, 0o777);
      chmodSync(folder, 0o755);
      // Its own files may be in a folder that only root can enter, so it becomes somebody else once it has read them.
      const program = `
        const { openEmbedded } = await import(${JSON.stringify(join(import.meta.dirname, "../../dist/src/db/embedded.js"))});
        process.setgroups([]);
        process.setgid(65534);
        process.setuid(65534);
        await openEmbedded(${JSON.stringify(dataDir)}).catch((error) => console.log(error.message));`;
      const { stdout } = spawnSync(process.execPath, ["--input-type=module", "-e", program], {
        encoding: "utf8",
        cwd: "/",
      });
      expect(stdout).to.match(
        /^DATA_DIR: others can read .*pgdata, which holds password hashes, and only its owner \(user 0\)/,
      );
    });
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
    const whenDone = (statement: string) =>
      new Promise<void>((resolve) => seen.add((sql) => sql.includes(statement) && resolve()));

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
