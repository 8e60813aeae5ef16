export type EmailMessage = {
  messageId: string;
  from: { name: string; address: string };
  /** Where answers go, if not to `from`. */
  replyTo?: string | undefined;
  to: string;
  subject: string;
  text: string;
  html: string;
};
