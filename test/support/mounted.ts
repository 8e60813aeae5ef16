import type supertest from "supertest";
import { cookieOf } from "./account.ts";
import { PASSWORD } from "./foyer.ts";
import { waitFor } from "./wait-for.ts";

/** Settings of a Foyer within an app, but for its database. */
export const MOUNTED = {
  ...{ logLevel: "silent", bcryptCost: 10, hashConcurrency: 1, rateLimits: false },
  publicUrl: "http://localhost:3000/account",
} as const;

export type AppUnderTest = ReturnType<typeof supertest>;

/** Signs up, verifies and signs in by a Foyer that an app has at /account. @returns the session's cookie. */
export async function openAccount(app: AppUnderTest, email: string): Promise<string> {
  await app.post("/account/register").send({ email, password: PASSWORD });
  const entry = new RegExp(`mailbox/(\\d+)">[^<]+</a> <span class="hint">to <span class="address">${email}`);
  const number = await waitFor(async () => entry.exec((await app.get("/account/mailbox")).text)?.[1]);
  const { text } = await app.get(`/account/mailbox/${number}/html`);
  await app.post("/account/verify").send({ token: /token=([\w-]{43})/.exec(text)?.[1], password: PASSWORD });
  return cookieOf(await app.post("/account/sign-in").send({ email, password: PASSWORD }));
}
