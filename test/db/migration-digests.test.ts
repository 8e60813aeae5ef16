import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { expect } from "chai";

const FOLDER = new URL("../../migrations/", import.meta.url);

/** SHA-256 of each migration that has landed. Instances have run it as it is here. */
const LANDED: Record<string, string> = {
  "20261126000000_create_schema.ts": "ba2e5aad52eabbe527c74649a8ea12454658786ac865655e8916ca992c2be155",
  "20261126120000_add_email_budgets_and_devices.ts": "901698d9820c36ae1a10a0d63ddc8b87328e584b2af023c729e96e922c5ab250",
  "20261126140000_add_sessions.ts": "8fedfa15a94e665031b4bf7e5e1431f0d275a22b80063e29c30ac96843ed4d60",
  "20261126150000_add_password_resets.ts": "c2c6197c3cc3595db9f186e6ebda09638a35881272c0f5160ba4cc6e8f0d05dd",
  "20261126160000_add_email_changes_and_deletion.ts":
    "dc917d2e99ae5dc2ab7e660c53ce314aee3fbc8be9694c4ffe7e0f5f1a061f91",
  "20261126170000_add_events.ts": "b181f3d364ac69cea48304424e3b3505a563b58f34e0f0f16235ef032dca13f9",
  "20261126180000_add_acceptances.ts": "17aa52c4e9cd4deb7e1af575ee854800a6424b688db1687adfccae31fb6f15b9",
  "20261126190000_add_languages.ts": "ce4705a3b12565dca4b45de156da070b82c770d92e4848d66c0d83fa4711b03c",
  "20261127090000_add_indexes_for_lookups.ts": "a6ce3aae8f355bacede8bb4d1d7ff32087641bd91db8cdb188808ec3c82108e2",
};

function digest(file: string) {
  return createHash("sha256")
    .update(readFileSync(new URL(file, FOLDER)))
    .digest("hex");
}

describe("a migration that has landed", () => {
  for (const [file, landed] of Object.entries(LANDED)) {
    it(`is never edited: ${file}`, () => {
      expect(
        digest(file),
        `${file} was edited. Databases have had it: undo the edit, and add a new migration`,
      ).to.equal(landed);
    });
  }

  it("has its digest here, as every migration has", () => {
    const missing = readdirSync(FOLDER)
      .filter((file) => !(file in LANDED))
      .map((file) => `"${file}": "${digest(file)}",`);
    expect(missing, "a new migration: once it is done, add these lines to LANDED").to.deep.equal([]);
  });

  it("comes before every newer one by its name", () => {
    expect(Object.keys(LANDED)).to.deep.equal(Object.keys(LANDED).toSorted());
  });
});
