type Provider = { domains: readonly [string, ...string[]]; ignored?: RegExp };

/**
 * Providers where one mailbox has more addresses than tags make: in several domains, or with characters that are
 * ignored. Small on purpose: to forget one costs a few emails, and the library for it (validator's) knows fewer of them.
 */
const PROVIDERS: readonly Provider[] = [
  // https://support.google.com/mail/answer/7436150
  { domains: ["gmail.com", "googlemail.com"], ignored: /\./g },
  // https://proton.me/support/addresses-and-aliases
  { domains: ["proton.me", "protonmail.com", "protonmail.ch", "pm.me"], ignored: /[._-]/g },
  // Yandex takes a dot for a hyphen.
  { domains: ["yandex.ru", "yandex.com", "yandex.by", "yandex.kz", "yandex.ua", "ya.ru"], ignored: /[.-]/g },
  { domains: ["icloud.com", "me.com", "mac.com"] },
];

const BY_DOMAIN = new Map(PROVIDERS.flatMap((provider) => provider.domains.map((domain) => [domain, provider])));

function withoutTag(localPart: string) {
  const plus = localPart.indexOf("+");
  return plus > 0 ? localPart.slice(0, plus) : localPart;
}

/**
 * The root of the mailbox that an address leads to, as far as is known: without its tag (RFC 5233), which all providers
 * are taken to have. Merging two mailboxes wrongly only delays mail. @param localPart folded. @param domain in A-labels.
 */
export function toMailbox(localPart: string, domain: string): string {
  const { domains: [root] = [domain], ignored } = BY_DOMAIN.get(domain) ?? {};
  const user = withoutTag(localPart);
  return `${ignored ? user.replaceAll(ignored, "") : user}@${root}`;
}
