import { emailsTo } from "./emails.ts";
import type { TestFoyer } from "./foyer.ts";
import { PASSWORD } from "./foyer.ts";
import { newAddress } from "./sign-up.ts";

export const TERMS = { url: "https://example.com/terms", version: "2026-11-01" };
export const NEWER = { url: "https://example.com/terms", version: "2026-12-01" };

/** What is kept, without what a test cannot know. */
export async function acceptancesOf(foyer: TestFoyer): Promise<Record<string, unknown>[]> {
  const rows = await foyer.rows("acceptances");
  return rows.map(({ user_id, sign_up_id, url, version, ip, language }) => ({
    user_id: user_id === null ? null : Number(user_id),
    isOfSignUp: sign_up_id !== null,
    ...{ url, version, ip, language },
  }));
}

/** Registers, agreeing to the terms. */
export async function agree(foyer: TestFoyer, email = newAddress(), password = PASSWORD) {
  const answer = await foyer.http.post("/register").send({ email, password, termsVersion: TERMS.version });
  return { email, password, status: answer.status, body: answer.body, cookies: answer.get("Set-Cookie") ?? [] };
}

/** Registers, agreeing to the terms, and verifies with the password of the sign-up. */
export async function agreeAndVerify(foyer: TestFoyer) {
  const { email, password } = await agree(foyer);
  const [{ token }] = await emailsTo(foyer, email);
  const { body } = await foyer.verify(token, password);
  return { email, password, token, id: Number(body.id) };
}
