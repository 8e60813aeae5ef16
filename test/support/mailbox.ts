import { setTimeout } from "node:timers/promises";
import type { TestFoyer } from "./foyer.ts";

export type ShownLetter = { number: number; subject: string; to: string; text: string; token: string; code: string };

const ENTRY = /<a href="\/mailbox\/(\d+)">([^<]+)<\/a> <span class="hint">to <span class="address">([^<]+)<\/span>/g;

function plain(html: string) {
  return html.replaceAll("&#x3D;", "=").replaceAll("&#x27;", "'").replaceAll("&amp;", "&");
}

async function read(foyer: TestFoyer, number: number) {
  const { text } = await foyer.http.get(`/mailbox/${number}`);
  const [, body = ""] = /<div class="mail">([\s\S]*?)<\/div>/.exec(text) ?? [];
  return plain(body.replaceAll(/<[^>]+>/g, ""));
}

/** The mails to an address that were shown rather than sent, the latest first, as their pages show them. */
export async function mailboxOf(foyer: TestFoyer, address: string): Promise<ShownLetter[]> {
  const { text: page } = await foyer.http.get("/mailbox");
  const entries = [...page.matchAll(ENTRY)].filter(([, , , to = ""]) => plain(to) === address);
  return Promise.all(
    entries.map(async ([, number, subject = "", to = ""]) => {
      const text = await read(foyer, Number(number));
      const { token = "" } = /token=(?<token>[\w-]{43})/.exec(text)?.groups ?? {};
      const { code = "" } = /^ +(?<code>\d{4} \d{4})$/m.exec(text)?.groups ?? {};
      return { number: Number(number), subject, to: plain(to), text, token, code };
    }),
  );
}

/** Waits until so many mails have come for an address, and gives them, the latest first. */
export async function mailsTo(foyer: TestFoyer, address: string, count = 1): Promise<[ShownLetter, ...ShownLetter[]]> {
  for (let tries = 0; tries < 100; tries += 1) {
    const [first, ...others] = await mailboxOf(foyer, address);
    if (first && others.length + 1 >= count) return [first, ...others];
    await setTimeout(50);
  }
  throw new Error(`expected ${count} mails to ${address}`);
}

/** Waits until nothing is left to be sent. */
export async function allSent(foyer: TestFoyer): Promise<void> {
  while ((await foyer.rows("mails")).some(({ done_at }) => done_at === null)) await setTimeout(50);
}
