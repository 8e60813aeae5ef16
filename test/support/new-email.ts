import type { NewEmail } from "../../src/mail/outbox.ts";

let count = 0;

/** An email to an address, as if a network of its own had caused it. */
export function newEmail(to: string, others: Partial<NewEmail> = {}): NewEmail {
  count += 1;
  const domain = to.slice(to.lastIndexOf("@") + 1);
  return {
    key: `${to} ${count}`,
    emailKey: to,

    purpose: "verify",
    mailbox: to,
    domain,
    network: `n${count}`,
    ...others,
  };
}
