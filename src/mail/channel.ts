import type { MailSettings } from "../config/environment.ts";
import type { Transport } from "../outbox/transport.ts";
import { createDevMailbox, type ShownEmail } from "./dev-mailbox.ts";
import type { EmailMessage } from "./message.ts";
import { createSmtp } from "./smtp.ts";

export type MailChannel = {
  transport: Transport<EmailMessage>;
  from: EmailMessage["from"];
  shown?: () => readonly ShownEmail[];
};

/** Opens the way that the settings name: a mail server, the development mailbox, or none, where emails wait. */
export function openMailChannel(mail: MailSettings): MailChannel | undefined {
  if (mail.kind === "none") return undefined;
  if (mail.kind === "smtp") return { transport: createSmtp(mail.url), from: mail.from };
  const { transport, emails } = createDevMailbox();
  return { transport, from: mail.from, shown: emails };
}
