import type supertest from "supertest";
import { cookieOf } from "./account.ts";
import { PASSWORD } from "./foyer.ts";
import { waitFor } from "./wait-for.ts";

/** Settings of a Foyer within an app, but for its database. */
export const MOUNTED = {
  ...{ logLevel: "silent", bcryptCost: 10, hashConcurrency: 1, rateLimits: false },
  // However slow the machine, nobody is refused a hash.
  hashMaxWaitSeconds: 60,
  publicUrl: "http://localhost:3000/account",
} as const;

export type AppUnderTest = ReturnType<typeof supertest>;

/** Waits for an email to an address, in the mailbox of a Foyer that an app has at /account. @returns its HTML. */
export async function emailTo(app: AppUnderTest, email: string): Promise<string> {
  const entry = new RegExp(`mailbox/(\\d+)">[^<]+</a> <span class="hint">to <span class="address">${email}`);
  const number = await waitFor(async () => entry.exec((await app.get("/account/mailbox")).text)?.[1]);
  return (await app.get(`/account/mailbox/${number}/html`)).text;
}

/** Signs up, verifies and signs in by a Foyer that an app has at /account. @returns the session's cookie. */
export async function openAccount(app: AppUnderTest, email: string): Promise<string> {
  await app.post("/account/register").send({ email, password: PASSWORD });
  const text = await emailTo(app, email);
  await app.post("/account/verify").send({ token: /token=([\w-]{43})/.exec(text)?.[1], password: PASSWORD });
  return cookieOf(await app.post("/account/sign-in").send({ email, password: PASSWORD }));
}
