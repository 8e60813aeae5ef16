import { allSent, emailAbout } from "./emails.ts";
import type { TestFoyer } from "./foyer.ts";

const LINK = /\/account\/email\/(?:confirm|undo)\?token=([\w-]{43})$/m;

/** POST with JSON, as a page of Foyer's own origin does. */
export function postSignedIn(foyer: Pick<TestFoyer, "http" | "url">, cookie: string, path: string, body: object = {}) {
  return foyer.http.post(path).set({ Cookie: cookie, Origin: foyer.url }).send(body);
}

/** The token in the latest email to an address that has a subject. */
export async function tokenIn(foyer: TestFoyer, address: string, subject: string): Promise<string> {
  const { text } = await emailAbout(foyer, address, subject);
  const [, token] = LINK.exec(text) ?? [];
  if (token === undefined) throw new Error(`no link in ${text}`);
  return token;
}

/** Asks for another address, and reads the links that both mailboxes get. */
export async function askForChange(
  foyer: TestFoyer,
  { email, cookie }: { email: string; cookie: string },
  to: string,
): Promise<{ confirms: string; undoes: string }> {
  const asked = await postSignedIn(foyer, cookie, "/account/email", { email: to });
  if (asked.status !== 202) throw new Error(`asking for ${to}: ${asked.status} ${asked.text}`);
  // Or the links of an earlier request would be taken for this one's.
  await allSent(foyer);
  return {
    confirms: await tokenIn(foyer, to, "Confirm your new email address"),
    undoes: await tokenIn(foyer, email, "Someone asked to change your email address"),
  };
}

/** Confirms a change by its link, as a client without cookies does. */
export function confirmChange({ http }: Pick<TestFoyer, "http">, token: string) {
  return http.post("/account/email/confirm").send({ token });
}

/** Undoes one. */
export function undoChange({ http }: Pick<TestFoyer, "http">, token: string) {
  return http.post("/account/email/undo").send({ token });
}

/** Has an account's address changed, and gives the link that undoes it. */
export async function changeAddress(
  foyer: TestFoyer,
  account: { email: string; cookie: string },
  to: string,
): Promise<{ undoes: string }> {
  const { confirms, undoes } = await askForChange(foyer, account, to);
  const answer = await confirmChange(foyer, confirms);
  if (answer.status !== 200) throw new Error(`confirming ${to}: ${answer.status} ${answer.text}`);
  return { undoes };
}
