/** A mail in its words, as it goes to the mail server. */
export type Message = {
  messageId: string;
  from: { name: string; address: string };
  to: string;
  subject: string;
  text: string;
  html: string;
};
