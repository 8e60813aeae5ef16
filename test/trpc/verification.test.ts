import { expect } from "chai";
import { failure } from "../support/failure.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";
import { mailsTo } from "../support/mailbox.ts";

const ACCOUNT = { email: "alice@example.com", password: "secret123" };

describe("the typed client", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  it("verifies an address by its token, and learns why one is of no use", async () => {
    const { auth } = foyer.client;
    const account = await auth.register.mutate(ACCOUNT);
    const [{ token }] = await mailsTo(foyer, ACCOUNT.email);
    const unknown = await failure(auth.verifyEmail.mutate({ token: "x" }));
    expect([unknown.data?.code, unknown.data?.httpStatus]).to.deep.equal(["token_unknown", 404]);
    await foyer.sql("update verification_tokens set expires_at = now()");
    expect((await failure(auth.verifyEmail.mutate({ token }))).data?.code).to.equal("token_expired");
    expect(await auth.resendVerification.mutate({ email: ACCOUNT.email })).to.deep.equal({ email: ACCOUNT.email });
    const [letter] = await mailsTo(foyer, ACCOUNT.email, 2);
    expect(await auth.verifyEmail.mutate({ token: letter.token })).to.deep.equal(account);
  });

  it("verifies by a code with the cookie of the sign-up, and learns how many tries are left", async () => {
    const account = { ...ACCOUNT, email: "bob@example.com" };
    const signedUp = await foyer.http.post("/trpc/auth.register").send(account);
    const [cookie = ""] = String(signedUp.headers["set-cookie"]).split(";");
    const [{ code }] = await mailsTo(foyer, account.email);
    const none = await failure(foyer.client.auth.verifyEmail.mutate({ code }));
    expect(none.data).to.include({ code: "code_refused", triesLeft: 0 });
    const post = (body: object) => foyer.http.post("/trpc/auth.verifyEmail").set("Cookie", cookie).send(body);
    const wrong = await post({ code: code === "0000 0000" ? "1111 1111" : "0000 0000" });
    expect([wrong.status, wrong.body.error.data]).to.deep.equal([400, { httpStatus: 400, code: "code_refused", triesLeft: 4 }]);
    expect((await post({ code })).body.result.data.email).to.equal(account.email);
  });

  it("learns which field is wrong", async () => {
    const { data } = await failure(foyer.client.auth.resendVerification.mutate({ email: "nobody" }));
    expect(data?.fields?.map(({ field }) => field)).to.deep.equal(["email"]);
  });
});
