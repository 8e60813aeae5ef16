import { execFile } from "node:child_process";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { promisify } from "node:util";
import { expect } from "chai";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { postJson, spawnFoyer } from "../support/process.ts";
import { startSmtp } from "../support/smtp.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

describe("npm run mails", () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  async function mails(...words: string[]) {
    const { PATH = "", NODE_V8_COVERAGE = "" } = process.env;
    const env = { PATH, NODE_V8_COVERAGE, ...database.env };
    try {
      const { stdout } = await run(process.execPath, ["dist/src/cli/mails.js", ...words], { cwd: ROOT, env });
      return { code: 0, said: stdout };
    } catch (error) {
      const { code, stderr } = error as { code: number; stderr: string };
      return { code, said: stderr };
    }
  }

  it("lists what was given up and why, and has it tried anew", async () => {
    let isOpen = false;
    const smtp = await startSmtp({ recipient: () => (isOpen ? undefined : "550 no such user here") });
    const env = { ...database.env, SMTP_URL: smtp.url(), MAIL_FROM: "accounts@example.com" };
    const refused = spawnFoyer(env);
    const url = await refused.ready;
    for (const email of ["alice@bücher.de", "bob@example.com", "carol@example.com"]) await postJson(url, { email, password: "secret123" });
    while (!(await (await fetch(`${url}/metrics`)).text()).includes('foyer_mails_total{event="given_up"} 3')) await setTimeout(50);
    refused.child.kill("SIGTERM");
    await refused.ended;

    const { code, said } = await mails();
    expect(code).to.equal(0);
    const lines = said.trim().split("\n");
    expect(lines).to.have.length(3);
    expect(lines[0]).to.match(/^1\t\d{4}-\d\d-\d\dT\S+Z\talice@bücher\.de\t550 no such user here$/);
    expect(await mails("replay", "1")).to.deep.equal({ code: 0, said: "1 mail will be tried anew.\n" });
    expect((await mails("list")).said.trim().split("\n")).to.have.length(2);
    expect(await mails("replay", "--all")).to.deep.equal({ code: 0, said: "2 mails will be tried anew.\n" });
    expect((await mails()).said).to.equal("No mail was given up.\n");

    isOpen = true;
    const taking = spawnFoyer(env);
    await taking.ready;
    while (smtp.taken.length < 3) await setTimeout(50);
    taking.child.kill("SIGTERM");
    await taking.ended;
    expect(smtp.recipients.toSorted()).to.deep.equal(["alice@bücher.de", "bob@example.com", "carol@example.com"]);
    await smtp.close();
  });

  it("tells how it is used where it is not used so", async () => {
    for (const words of [["replay"], ["replay", "x"], ["send"], ["--everything"], ["replay", "--all", "x"]]) {
      const { code, said } = await mails(...words);
      expect([words, code]).to.deep.equal([words, 1]);
      expect(said)
        .to.match(/^foyer: .*\n?/)
        .and.include("npm run mails -- replay");
    }
  });
});
