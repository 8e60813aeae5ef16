import { emailAbout } from "./emails.ts";
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
  return {
    confirms: await tokenIn(foyer, to, "Confirm your new email address"),
    undoes: await tokenIn(foyer, email, "Your email address is to be changed"),
  };
}
