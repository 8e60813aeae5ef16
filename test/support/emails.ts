import { setTimeout } from "node:timers/promises";
import type { TestFoyer } from "./foyer.ts";
import { waitFor } from "./wait-for.ts";

/** Its subject is without the name of the site, which all end with. */
export type ReadEmail = { number: number; subject: string; to: string; text: string; token: string; code: string };

const ENTRY = /<a href="mailbox\/(\d+)">([^<]+)<\/a> <span class="hint">to <span class="address">([^<]+)<\/span>/g;

function plain(html: string) {
  return html.replaceAll("&#x3D;", "=").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}

/** The link's token and the code, as a person finds them in an email. */
export function readLinkAndCode(text: string | undefined): { token: string; code: string } {
  const { token = "" } = /\/verify\?token=(?<token>[\w-]{43})$/m.exec(text ?? "")?.groups ?? {};
  const { code = "" } = /^ +(?<code>\d{4} \d{4})$/m.exec(text ?? "")?.groups ?? {};
  return { token, code };
}

async function readText(foyer: TestFoyer, number: number) {
  const { text } = await foyer.http.get(`/mailbox/${number}`);
  const [, body = ""] = /<div class="email">([\s\S]*?)<\/div>/.exec(text) ?? [];
  return plain(body.replaceAll(/<[^>]+>/g, ""));
}

/** The emails to an address that were shown rather than sent, the latest first, as their pages show them. */
export async function readMailbox(foyer: TestFoyer, address: string): Promise<ReadEmail[]> {
  const { text: page } = await foyer.http.get("/mailbox");
  const entries = [...page.matchAll(ENTRY)].filter(([, , , to = ""]) => plain(to) === address);
  return Promise.all(
    entries.map(async ([, number, subject = "", to = ""]) => {
      const text = await readText(foyer, Number(number));
      return {
        number: Number(number),
        subject: plain(subject).replace(/ – Foyer$/, ""),
        to: plain(to),
        text,
        ...readLinkAndCode(text),
      };
    }),
  );
}

/** Waits until so many emails have come for an address, and gives them, the latest first. */
export function emailsTo(foyer: TestFoyer, address: string, count = 1): Promise<[ReadEmail, ...ReadEmail[]]> {
  return waitFor<[ReadEmail, ...ReadEmail[]]>(async () => {
    const [first, ...others] = await readMailbox(foyer, address);
    return first && others.length + 1 >= count ? [first, ...others] : undefined;
  });
}

/** Waits for an email to an address that has a subject, and gives the latest. */
export function emailAbout(foyer: TestFoyer, address: string, subject: string): Promise<ReadEmail> {
  return waitFor(async () => (await readMailbox(foyer, address)).find((email) => email.subject === subject));
}

/** Waits until nothing is left to be sent. */
export async function allSent(foyer: TestFoyer): Promise<void> {
  while ((await foyer.rows("emails")).some(({ finished_at }) => finished_at === null)) await setTimeout(50);
}
