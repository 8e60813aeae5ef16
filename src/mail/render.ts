import { fileURLToPath } from "node:url";
import { toUnicode } from "tr46";
import { createHandlebars } from "../language/handlebars.ts";
import type { Language } from "../language/language.ts";
import type { MessageKey } from "../language/message.ts";
import type { OutboxEmail } from "../models/outbox-email.ts";
import type { EmailContent } from "./content.ts";
import type { EmailMessage } from "./message.ts";

const SUBJECTS: Record<EmailContent["kind"], MessageKey> = {
  verify: "mail.verify.subject",
  "already-registered": "mail.registered.subject",
};

/** RFC 5322 section 2.1.1 asks for lines of no more than 78 characters. */
const LONG_LINE = /(?!.{1,78}$)(.{1,78}) /gm;

function wrapLines(text: string) {
  return text.replaceAll(LONG_LINE, "$1\n");
}

function groupDigits(code: string) {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}

function readableHost({ hostname, port }: URL) {
  return toUnicode(hostname).domain + (port && `:${port}`);
}

function viewContext(content: EmailContent, site: URL, language: Language) {
  const subject = language.text(SUBJECTS[content.kind]);
  const common = { language, subject, host: readableHost(site), home: site.href };
  if (content.kind === "already-registered") return common;
  const { token, code, signedUpAt, device, validHours, hasCompetingSignUps } = content;
  return {
    ...common,
    link: new URL(`/verify?token=${token}`, site).href,
    code: groupDigits(code),
    signedUpAt: language.time(signedUpAt),
    device,
    validHours,
    hasCompetingSignUps,
  };
}

export type RenderSettings = {
  views: URL;
  site: URL;
  from: EmailMessage["from"];
  language: Language;
};

export type Render = (content: EmailContent, email: OutboxEmail) => Promise<EmailMessage>;

/** Puts emails into words, as text and as HTML. */
export function createRender({ views, site, from, language }: RenderSettings): Render {
  const html = createHandlebars({});
  const text = createHandlebars({ compilerOptions: { noEscape: true } });
  const path = (name: string) => fileURLToPath(new URL(name, views));
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  return async (content, email) => {
    const context = viewContext(content, site, language);
    const [plain, body] = await Promise.all([
      text.render(path(`emails/${content.kind}.text.hbs`), context, { cache: true }),
      html.render(path(`emails/${content.kind}.html.hbs`), context, { cache: true }),
    ]);
    return {
      // The same at every try: an email that a server took twice is then known as one by many mailboxes.
      messageId: `<foyer.${email.id}.${email.created_at.getTime()}@${domain}>`,
      from,
      to: content.to,
      subject: context.subject,
      text: wrapLines(plain),
      html: await html.render(path("layouts/email.hbs"), { ...context, body }, { cache: true }),
    };
  };
}
