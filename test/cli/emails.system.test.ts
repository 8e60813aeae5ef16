import { setTimeout } from "node:timers/promises";
import { expect } from "chai";
import { runCommand } from "../support/command.ts";
import { createDatabase, type TestDatabase } from "../support/database.ts";
import { PASSWORD } from "../support/foyer.ts";
import { postJson, spawnFoyer } from "../support/process.ts";
import { startSmtp } from "../support/smtp.ts";

describe("npm run emails", () => {
  let database: TestDatabase;
  before(async () => {
    database = await createDatabase();
  });
  after(() => database.drop());

  const emails = (...words: string[]) => runCommand("emails", database, words);

  it("lists the emails that were given up and why, and has them tried again", async () => {
    let isOpen = false;
    const smtp = await startSmtp({ recipient: () => (isOpen ? undefined : "550 no such user here") });
    const env = { ...database.env, SMTP_URL: smtp.url(), MAIL_FROM: "accounts@example.com" };
    const refused = spawnFoyer(env);
    const url = await refused.ready;
    for (const email of ["alice@bücher.de", "bob@example.com", "carol@example.com"])
      await postJson(url, { email, password: PASSWORD });
    while (!(await (await fetch(`${url}/metrics`)).text()).includes('foyer_emails_total{event="given_up"} 3'))
      await setTimeout(50);
    refused.child.kill("SIGTERM");
    await refused.ended;

    const { code, said } = await emails();
    expect(code).to.equal(0);
    const lines = said.trim().split("\n");
    expect(lines).to.have.length(3);
    expect(lines[0]).to.match(/^1\t\d{4}-\d\d-\d\dT\S+Z\talice@bücher\.de\t550 no such user here$/);
    expect(await emails("replay", "1")).to.deep.equal({ code: 0, said: "1 email will be tried again.\n" });
    expect((await emails("list")).said.trim().split("\n")).to.have.length(2);
    expect(await emails("replay", "--all")).to.deep.equal({ code: 0, said: "2 emails will be tried again.\n" });
    expect((await emails()).said).to.equal("No email was given up.\n");

    isOpen = true;
    const taking = spawnFoyer(env);
    await taking.ready;
    while (smtp.taken.length < 3) await setTimeout(50);
    taking.child.kill("SIGTERM");
    await taking.ended;
    expect(smtp.recipients.toSorted()).to.deep.equal(["alice@bücher.de", "bob@example.com", "carol@example.com"]);
    await smtp.close();
  });

  it("says how it is used, and exits with 1, when it is used otherwise", async () => {
    for (const words of [["replay"], ["replay", "x"], ["send"], ["--everything"], ["replay", "--all", "x"]]) {
      const { code, said } = await emails(...words);
      expect([words, code]).to.deep.equal([words, 1]);
      expect(said)
        .to.match(/^foyer: .*\n?/)
        .and.include("npm run emails -- replay");
    }
  });
});
