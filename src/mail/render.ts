import { toUnicode } from "tr46";
import { readTemplate } from "../language/handlebars.ts";
import type { Language } from "../language/language.ts";
import type { Languages } from "../language/languages.ts";
import { type Links, linksOf } from "../language/links.ts";
import type { MessageKey } from "../language/message.ts";
import { findView, type ViewFolders } from "../language/views.ts";
import type { OutboxEmail } from "../models/outbox-email.ts";
import type { EmailContent } from "./content.ts";
import type { EmailMessage } from "./message.ts";

/** A kind's views are `emails/KIND.text.hbs` and `KIND.html.hbs`. */
const SUBJECTS: Record<EmailContent["kind"], MessageKey> = {
  verify: "mail.verify.subject",
  "already-registered": "mail.registered.subject",
  reset: "mail.reset.subject",
  "password-changed": "mail.password_changed.subject",
  "email-change": "mail.email_change.subject",
  "email-change-asked": "mail.email_change_asked.subject",
  "email-changed": "mail.email_changed.subject",
  "email-change-undone": "mail.email_change_undone.subject",
  "deletion-asked": "mail.deletion_asked.subject",
  "account-kept": "mail.account_kept.subject",
  "account-deleted": "mail.account_deleted.subject",
  "new-sign-in": "mail.new_sign_in.subject",
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

function wayBack(returnTo: string | undefined) {
  return returnTo === undefined ? "" : `&${new URLSearchParams({ return_to: returnTo })}`;
}

/** What a view says of its content: where its link leads, and times in words. */
function factsOf(content: EmailContent, site: URL, { time }: Language) {
  const link = (path: string) => ({ link: new URL(path, site).href });
  const again = new URL("reset", site).href;
  switch (content.kind) {
    case "verify":
      return {
        ...content,
        ...link(`verify?token=${content.token}${wayBack(content.returnTo)}`),
        code: groupDigits(content.code),
        signedUpAt: time(content.signedUpAt),
      };
    case "reset":
      return { ...content, ...link(`reset?token=${content.token}${wayBack(content.returnTo)}`), again };
    case "password-changed":
      return { ...link("reset"), changedAt: time(content.changedAt) };
    case "email-change":
      return { ...content, ...link(`account/email/confirm?token=${content.token}`) };
    case "email-change-asked":
      return { ...link(`account/email/undo?token=${content.token}`), askedAt: time(content.askedAt) };
    case "email-changed":
      return { ...link(`account/email/undo?token=${content.token}`), changedAt: time(content.changedAt) };
    case "email-change-undone":
      return { undoneAt: time(content.undoneAt) };
    case "deletion-asked":
      return { ...link("sign-in"), deletesAt: time(content.deletesAt), again };
    case "new-sign-in":
      return { ...link("reset"), device: content.device, signedInAt: time(content.signedInAt) };
    case "account-kept":
      return link("reset");
    case "account-deleted":
    case "already-registered":
      return {};
  }
}

export type RenderSettings = {
  views: ViewFolders;
  /** `accent`: the colour of buttons and links. */
  brand: Links & { accent: string };
  site: URL;
  from: EmailMessage["from"];
  languages: Languages;
};

export type Render = (content: EmailContent, email: OutboxEmail) => EmailMessage;

/** Puts emails into words, as text and as HTML. */
export function createRender({ views, brand, site, from, languages }: RenderSettings): Render {
  const read = (kind: string) => ({
    text: readTemplate(findView(views, `emails/${kind}.text.hbs`), { noEscape: true }),
    html: readTemplate(findView(views, `emails/${kind}.html.hbs`)),
  });
  const templates = new Map(Object.keys(SUBJECTS).map((kind) => [kind, read(kind)]));
  const layouts = {
    text: readTemplate(findView(views, "layouts/email-text.hbs"), { noEscape: true }),
    html: readTemplate(findView(views, "layouts/email.hbs")),
  };
  const shown = { ...linksOf(brand), accent: brand.accent };
  const host = readableHost(site);
  const domain = from.address.slice(from.address.lastIndexOf("@") + 1);
  return (content, email) => {
    const language = languages.of(content.language);
    const subject = language.text("page.title", { title: language.text(SUBJECTS[content.kind]) });
    const facts = factsOf(content, site, language);
    const context = { ...facts, language, brand: shown, subject, host, home: site.href };
    const template = templates.get(content.kind);
    if (!template) throw new Error(`there are no views for ${content.kind}`);
    const { text, html } = template;
    return {
      // The same at every try: an email that a server took twice is then known as one by many mailboxes.
      messageId: `<foyer.${email.id}.${email.created_at.getTime()}@${domain}>`,
      from,
      replyTo: brand.supportEmail,
      to: content.to,
      subject,
      text: wrapLines(layouts.text({ ...context, body: text(context) })),
      html: layouts.html({ ...context, body: html(context) }),
    };
  };
}
