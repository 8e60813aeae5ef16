import { fileURLToPath } from "node:url";
import { create } from "express-handlebars";
import { toUnicode } from "tr46";
import type { Mail } from "../models/mail.ts";
import type { Letter } from "./letter.ts";
import type { Message } from "./message.ts";

const SUBJECTS: Record<Letter["kind"], string> = {
  verify: "Confirm your email address",
  registered: "You already have an account",
};

const TIME = new Intl.DateTimeFormat("en-GB", { dateStyle: "long", timeStyle: "medium", timeZone: "UTC" });

/** RFC 5322 section 2.1.1 asks for lines of no more than 78 characters. */
const LONG_LINE = /(?!.{1,78}$)(.{1,78}) /gm;

/** `12345678` as `1234 5678`: easier to read across to another device. */
function inGroups(code: string) {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}

/** The host as people would write it; links have its wire form. */
function readableHost({ hostname, port }: URL) {
  return toUnicode(hostname).domain + (port && `:${port}`);
}

/** Breaks lines at spaces, for those that a name or an address made long. */
function wrapped(text: string) {
  return text.replaceAll(LONG_LINE, "$1\n");
}

function contextOf(letter: Letter, site: URL): { subject: string; [name: string]: unknown } {
  const common = { subject: SUBJECTS[letter.kind], host: readableHost(site), home: site.href };
  if (letter.kind === "registered") return common;
  const { address, token, code, signedUpAt, validHours, others } = letter;
  return {
    ...common,
    address,
    link: new URL(`/verify?token=${token}`, site).href,
    codeLink: new URL("/verify", site).href,
    code: inGroups(code),
    signedUpAt: `${TIME.format(signedUpAt)} UTC`,
    validHours,
    others,
  };
}

export type Render = (letter: Letter, mail: Mail) => Promise<Message>;

/**
 * Puts letters into words, as text and as HTML, from the views in a folder.
 * @param site the address that people open: links lead there.
 * @param from whom mails come from.
 */
export function createRender(folder: URL, site: URL, from: Message["from"]): Render {
  const handlebars = create({ extname: ".hbs" });
  const view = (name: string, context: Record<string, unknown>) =>
    handlebars.render(fileURLToPath(new URL(name, folder)), context, { cache: true });
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  return async (letter, mail) => {
    const context = contextOf(letter, site);
    const [text, body] = await Promise.all([
      view(`emails/${letter.kind}.text.hbs`, context),
      view(`emails/${letter.kind}.html.hbs`, context),
    ]);
    const html = await view("layouts/email.hbs", { ...context, body });
    // The same at every try: a mail that a server took twice is then known as one by many mailboxes.
    return {
      messageId: `<foyer.${mail.id}.${mail.created_at.getTime()}@${domain}>`,
      from,
      to: letter.to,
      subject: context.subject,
      text: wrapped(text),
      html,
    };
  };
}
