import { expect } from "chai";
import { type SignedIn, signIn } from "../support/account.ts";
import { postSignedIn } from "../support/email-change.ts";
import { expectProblem } from "../support/expect-problem.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { newAddress } from "../support/sign-up.ts";

for (const privacy of ["open", "discreet"] as const) {
  describe(`auth.requestEmailChange in ${privacy} mode, of an address that is free, taken or pending`, () => {
    let foyer: TestFoyer;
    let statements: string[] = [];
    before(async () => {
      // A worker would ask the database for things of its own.
      foyer = await startFoyer({ privacy, mail: { kind: "none" } });
      foyer.watchStatements((sql) => statements.push(sql));
    });
    after(() => foyer.stop());

    const ask = ({ cookie }: SignedIn, email: string) => postSignedIn(foyer, cookie, "/account/email", { email });

    /** An account whose mailbox is read by nobody here. */
    async function verifiedAddress() {
      const email = newAddress();
      await foyer.register(email);
      await foyer.sql(
        `insert into users (email, email_key, hashed_password, email_verified_at)
         select email, email_key, hashed_password, now() from sign_ups where email = ?
         on conflict (email_key) do update set email_verified_at = now()`,
        email,
      );
      return email;
    }
    const newSignedIn = async () => signIn(foyer, await verifiedAddress());

    const ADDRESSES: Record<string, (own: SignedIn) => Promise<string>> = {
      free: async () => newAddress(),
      "another account's": () => verifiedAddress(),
      "an account's that is disabled": async () => {
        const email = await verifiedAddress();
        await foyer.sql("update users set disabled_at = now() where email = ?", email);
        return email;
      },
      "signed up and not verified": async () => {
        const email = newAddress();
        await foyer.register(email);
        return email;
      },
      "asked for by another account": async () => {
        const email = newAddress();
        await ask(await newSignedIn(), email);
        return email;
      },
      "asked for before": async (own) => {
        const email = newAddress();
        await ask(own, email);
        return email;
      },
      "the account's own, spelled otherwise": async ({ email }) => email.toUpperCase(),
    };

    for (const transport of ["json", "trpc", "form"] as const) {
      it(`gives the same answer, headers and statements: ${transport}`, async () => {
        const form = async ({ cookie }: SignedIn) => {
          const { text } = await foyer.http.get("/account/email").set("Cookie", cookie);
          return /action="\/account\/email".*?name="form" value="([^"]+)"/s.exec(text)?.[1];
        };
        const seen = new Map<string, string>();
        for (const [what, prepare] of Object.entries(ADDRESSES)) {
          const own = await newSignedIn();
          // Of each account it is the second request, so that there is one to supersede.
          await ask(own, newAddress());
          const email = await prepare(own);
          const fields = { email, password: PASSWORD, form: await form(own) };
          const path = transport === "trpc" ? "/trpc/auth.requestEmailChange" : "/account/email";
          statements = [];
          const answer = await postSignedIn(foyer, own.cookie, path, fields).type(
            transport === "form" ? "form" : "json",
          );
          expect(answer.status, answer.text).to.equal({ json: 202, trpc: 200, form: 303 }[transport]);
          const { date, "x-request-id": id, etag, ...headers } = answer.headers;
          const text = answer.text.replace(/n\d+@example\.com/i, "*");
          const told = JSON.stringify({ headers, text, statements }, null, 1);
          seen.set(what, told.replace(/"content-length": "\d+"/, ""));
          expect(statements.length).to.be.above(5);
        }
        for (const [what, told] of seen) expect(told, what).to.equal(seen.get("free"));
      });
    }

    it("refuses the very address that the account has, which tells nothing", async () => {
      const own = await newSignedIn();
      const refused = expectProblem(await ask(own, own.email), 400, "invalid_input");
      expect(refused["errors"]).to.have.nested.property("[0].field", "email");
    });
  });
}
