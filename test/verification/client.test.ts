import { expect } from "chai";
import { emailsTo } from "../support/emails.ts";
import { failure } from "../support/failure.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

describe("auth.verifyEmail and auth.resendVerification by the typed client", () => {
  let foyer: TestFoyer;
  before(async () => {
    foyer = await startFoyer();
  });
  after(() => foyer.stop());

  /** Signs up by tRPC, and gives the account, its email, and the cookie that the browser was given. */
  async function signUp() {
    const email = newAddress();
    const answer = await foyer.http.post("/trpc/auth.register").send({ email, password: PASSWORD });
    const [cookie = ""] = String(answer.headers["set-cookie"]).split(";");
    const [{ token, code }] = await emailsTo(foyer, email);
    return { account: answer.body.result.data, cookie, token, code };
  }

  it("gives the account when the token is right", async () => {
    const { account, token } = await signUp();
    expect(await foyer.client.auth.verifyEmail.mutate({ token, password: PASSWORD })).to.deep.equal(account);
  });

  it("fails with token_unknown and 404 when the token is unknown", async () => {
    const { data } = await failure(foyer.client.auth.verifyEmail.mutate({ token: "x" }));
    expect(data?.refusal).to.deep.equal({ code: "token_unknown" });
    expect(data).to.include({ code: "NOT_FOUND", httpStatus: 404 });
  });

  it("fails with token_expired when the token has expired, and a new email has one that works", async () => {
    const { auth } = foyer.client;
    const { account, token } = await signUp();
    await foyer.travel("24 hours");
    expect((await failure(auth.verifyEmail.mutate({ token }))).data?.refusal).to.deep.equal({ code: "token_expired" });
    expect(await auth.resendVerification.mutate({ email: account.email })).to.deep.equal({ email: account.email });
    const [again] = await emailsTo(foyer, account.email, 2);
    expect(await auth.verifyEmail.mutate({ token: again.token, password: PASSWORD })).to.deep.equal(account);
  });

  it("fails with code_refused and no tries left when the code comes without the cookie of the sign-up", async () => {
    const { code } = await signUp();
    const { data } = await failure(foyer.client.auth.verifyEmail.mutate({ code }));
    expect(data?.refusal).to.deep.equal({ code: "code_refused", triesLeft: 0 });
  });

  it("tells the tries that are left, and then takes the right code, with the cookie of the sign-up", async () => {
    const { account, cookie, code } = await signUp();
    const post = (body: object) => foyer.http.post("/trpc/auth.verifyEmail").set("Cookie", cookie).send(body);
    const wrong = await post({ code: code === "0000 0000" ? "1111 1111" : "0000 0000" });
    expect(wrong.status).to.equal(400);
    expect(wrong.body.error.data).to.deep.equal({
      code: "BAD_REQUEST",
      httpStatus: 400,
      path: "auth.verifyEmail",
      refusal: { code: "code_refused", triesLeft: 4 },
    });
    expect((await post({ code })).body.result.data.email).to.equal(account.email);
  });

  it("names the field that is wrong when the address for a new email is none", async () => {
    const { data } = await failure(foyer.client.auth.resendVerification.mutate({ email: "nobody" }));
    const refusal = data?.refusal;
    expect(refusal?.code).to.equal("invalid_input");
    expect(refusal?.code === "invalid_input" && refusal.fields.map(({ field }) => field)).to.deep.equal(["email"]);
  });
});
