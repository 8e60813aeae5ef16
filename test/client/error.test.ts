import { createRequire } from "node:module";
import { TRPCClientError } from "@trpc/client";
import { expect } from "chai";
import { isFoyerError } from "../../src/client.ts";

/** A second copy of tRPC's client, as an app gets where its packages want two versions. */
function secondCopy(): { TRPCClientError: typeof TRPCClientError } {
  const require = createRequire(import.meta.url);
  const loaded = Object.keys(require.cache).filter((path) => path.includes("@trpc"));
  for (const path of loaded) delete require.cache[path];
  return require("@trpc/client");
}

describe("isFoyerError", () => {
  it("knows an error of each copy of tRPC's client, without an answer too", () => {
    const copy = secondCopy();
    expect(copy.TRPCClientError).not.to.equal(TRPCClientError);
    for (const { TRPCClientError: Class } of [copy, { TRPCClientError }]) {
      const data = { code: "BAD_REQUEST", httpStatus: 400, refusal: { code: "email_taken" } };
      const answered = Class.from({ error: { code: -32600, message: "Email already registered", data } });
      expect([isFoyerError(answered), isFoyerError(Class.from(new TypeError("fetch failed")))]).to.deep.equal([
        true,
        true,
      ]);
      expect(isFoyerError(answered) && answered.data?.refusal?.code).to.equal("email_taken");
    }
  });

  it("takes nothing else for one", () => {
    const named = Object.assign(new Error("x"), { name: "TRPCClientError" });
    for (const other of [new Error("x"), named, { name: "x", data: {} }, "TRPCClientError", null, undefined])
      expect(isFoyerError(other), String(other)).to.equal(false);
  });
});
