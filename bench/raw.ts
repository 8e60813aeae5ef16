import { Piscina } from "piscina";

export type Raw = { perSecond: number; cpuMs: number };

const WORKER = new URL("../dist/src/hashing/worker.js", import.meta.url).href;

/** What this machine can hash at most: the service's own threads and cost, without the service. */
export async function measureRaw(settings: { threads: number; salt: string; seconds: number }): Promise<Raw> {
  const { threads, salt, seconds } = settings;
  const pool = new Piscina({ filename: WORKER, minThreads: threads, maxThreads: threads });
  const hash = () => pool.run({ secret: "correct horse battery", salt }, { name: "hash" });
  await Promise.all(Array.from({ length: threads }, hash));
  const [cpu, started] = [process.cpuUsage(), performance.now()];
  const end = started + seconds * 1000;
  let hashes = 0;
  const work = async () => {
    while (performance.now() < end) {
      await hash();
      hashes += 1;
    }
  };
  await Promise.all(Array.from({ length: threads }, work));
  const elapsed = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(cpu);
  await pool.destroy();
  return { perSecond: hashes / elapsed, cpuMs: (user + system) / 1000 / hashes };
}
