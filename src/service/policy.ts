import { isDisposableEmailDomain } from "disposable-email-domains-js";
import { getDomain } from "tldts";
import { readableDomain } from "./domain-name.ts";

/** Who may register. */
export type Policy = {
  open: boolean;
  /** Where not empty, the only domains whose addresses may: in A-label form, one that begins with a dot with its sub-domains. */
  domains: readonly string[];
  /** Whether addresses of domains that give out throw-away mailboxes are refused. */
  refuseDisposable: boolean;
};

function isAmong(domain: string, domains: readonly string[]) {
  return domains.some((entry) => (entry.startsWith(".") ? `.${domain}`.endsWith(entry) : domain === entry));
}

/** A sub-domain of a provider of throw-away mailboxes is its too, up to the registrable domain (Public Suffix List). */
function isDisposable(domain: string): boolean {
  if (isDisposableEmailDomain(domain)) return true;
  return domain !== getDomain(domain) && domain.includes(".") && isDisposable(domain.slice(domain.indexOf(".") + 1));
}

/**
 * Tells why a domain's addresses may not register, in a sentence for its owner, or gives undefined where they may.
 * @param domain in A-label form.
 */
export function refusalOf(domain: string, { domains, refuseDisposable }: Policy): string | undefined {
  if (domains.length > 0 && !isAmong(domain, domains)) {
    return `Use an address of ${domains.map((entry) => readableDomain(entry.replace(/^\./, ""))).join(" or ")}: only those can sign up here.`;
  }
  if (refuseDisposable && isDisposable(domain)) return "Use an address that you will keep: this one is of a throw-away mailbox.";
  return undefined;
}
