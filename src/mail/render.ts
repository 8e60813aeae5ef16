import { toUnicode } from "tr46";
import { readTemplate } from "../language/handlebars.ts";
import type { Language } from "../language/language.ts";
import type { MessageKey } from "../language/message.ts";
import type { OutboxEmail } from "../models/outbox-email.ts";
import type { EmailContent } from "./content.ts";
import type { EmailMessage } from "./message.ts";

const SUBJECTS: Record<EmailContent["kind"], MessageKey> = {
  verify: "mail.verify.subject",
  "already-registered": "mail.registered.subject",
  reset: "mail.reset.subject",
  "password-changed": "mail.password_changed.subject",
};

/** RFC 5322 section 2.1.1 asks for lines of no more than 78 characters. */
const LONG_LINE = /^.{79,}$/gm;
const LAST_SPACE = /(?!.{1,78}$)(.{1,78}) /g;

function wrapLines(text: string) {
  return text.replaceAll(LONG_LINE, (line) => line.replaceAll(LAST_SPACE, "$1\n"));
}

function groupDigits(code: string) {
  return code.replace(/(.{4})(?=.)/g, "$1 ");
}

function readableHost({ hostname, port }: URL) {
  return toUnicode(hostname).domain + (port && `:${port}`);
}

function viewContext(content: EmailContent, site: URL, host: string, language: Language) {
  const subject = language.text(SUBJECTS[content.kind]);
  const common = { language, subject, host, home: site.href };
  if (content.kind === "already-registered") return common;
  if (content.kind === "reset") {
    const { token, validMinutes } = content;
    return { ...common, link: new URL(`/reset?token=${token}`, site).href, validMinutes };
  }
  if (content.kind === "password-changed") {
    return { ...common, changedAt: language.time(content.changedAt), link: new URL("/reset", site).href };
  }
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

export type Render = (content: EmailContent, email: OutboxEmail) => EmailMessage;

/** Puts emails into words, as text and as HTML. */
export function createRender({ views, site, from, language }: RenderSettings): Render {
  const read = (kind: EmailContent["kind"]) => ({
    text: readTemplate(new URL(`emails/${kind}.text.hbs`, views), { noEscape: true }),
    html: readTemplate(new URL(`emails/${kind}.html.hbs`, views)),
  });
  const templates = {
    verify: read("verify"),
    "already-registered": read("already-registered"),
    reset: read("reset"),
    "password-changed": read("password-changed"),
  };
  const layout = readTemplate(new URL("layouts/email.hbs", views));
  const host = readableHost(site);
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  return (content, email) => {
    const context = viewContext(content, site, host, language);
    const { text, html } = templates[content.kind];
    return {
      // The same at every try: an email that a server took twice is then known as one by many mailboxes.
      messageId: `<foyer.${email.id}.${email.created_at.getTime()}@${domain}>`,
      from,
      to: content.to,
      subject: context.subject,
      text: wrapLines(text(context)),
      html: layout({ ...context, body: html(context) }),
    };
  };
}
