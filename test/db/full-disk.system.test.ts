import { execFileSync } from "node:child_process";
import { rmSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "chai";
import { POSTGRES_PROGRAMS, startOnDisk } from "../support/cluster.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { waitFor } from "../support/wait-for.ts";

/** A disk of its own, which root can have on Linux. */
async function mountDisk(megabytes: number) {
  const path = await mkdtemp(join(tmpdir(), "foyer-disk-"));
  try {
    execFileSync("mount", ["-t", "tmpfs", "-o", `size=${megabytes}m`, "tmpfs", path], { stdio: "pipe" });
  } catch {
    await rm(path, { recursive: true });
    return undefined;
  }
  const filler = join(path, "filler");
  return {
    path,
    /** Leaves nothing free. */
    fill() {
      try {
        execFileSync("dd", ["if=/dev/zero", `of=${filler}`, "bs=4k"], { stdio: "pipe" });
      } catch {
        // It ends as it should: there is no space left.
      }
    },
    free: () => rmSync(filler),
    async unmount() {
      execFileSync("umount", ["-l", path]);
      await rm(path, { recursive: true });
    },
  };
}

type Disk = NonNullable<Awaited<ReturnType<typeof mountDisk>>>;

describe("GET /readyz as the disk of the database fills", () => {
  let disk: Disk;
  let foyer: TestFoyer;

  beforeEach(async function () {
    const mounted = await mountDisk(200);
    if (!mounted) return this.skip();
    disk = mounted;
  });
  afterEach(() => disk?.unmount());

  const statusSoon = (status: number) =>
    waitFor(async () => (await foyer.http.get("/readyz")).status === status || undefined);

  async function expectNoticed() {
    expect((await foyer.http.get("/readyz")).status).to.equal(200);
    disk.fill();
    await statusSoon(503);
    disk.free();
    await statusSoon(200);
    expect((await foyer.register("alice@example.com")).status).to.equal(201);
  }

  it("answers 503 while nothing can be written to PostgreSQL, and 200 again when something can", async function () {
    if (!POSTGRES_PROGRAMS) return this.skip();
    const cluster = await startOnDisk(disk.path);
    foyer = await startFoyer({ database: { url: cluster.url, poolMax: 2 } });
    await expectNoticed();
    await foyer.stop();
    await cluster.remove();
  });

  it("answers 503 while nothing can be written to the embedded database, and 200 again when something can", async () => {
    foyer = await startFoyer({ database: { dataDir: join(disk.path, "data") } });
    await expectNoticed();
    await foyer.stop();
  });
});
