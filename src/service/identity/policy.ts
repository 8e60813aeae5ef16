import { isDisposableEmailDomain } from "disposable-email-domains-js";
import { getDomain } from "tldts";
import type { Message } from "../../language/message.ts";
import { readableDomain } from "./domain-name.ts";

export type Policy = {
  open: boolean;
  /** The only domains allowed, unless empty: in A-label form; one that begins with a dot includes its subdomains. */
  domains: readonly string[];
  refuseDisposable: boolean;
};

function isAmong(domain: string, domains: readonly string[]) {
  return domains.some((entry) => (entry.startsWith(".") ? `.${domain}`.endsWith(entry) : domain === entry));
}

/** A provider's subdomains count too, up to the registrable domain (Public Suffix List). */
function isDisposable(domain: string): boolean {
  if (isDisposableEmailDomain(domain)) return true;
  return domain !== getDomain(domain) && domain.includes(".") && isDisposable(domain.slice(domain.indexOf(".") + 1));
}

/** Finds why addresses of a domain may not register, if they may not. @param domain in A-label form. */
export function refuseDomain(domain: string, { domains, refuseDisposable }: Policy): Message | undefined {
  if (domains.length > 0 && !isAmong(domain, domains)) {
    const allowed = domains.map((entry) => readableDomain(entry.replace(/^\./, "")));
    return { key: "email.other_domain", values: { allowed } };
  }
  if (refuseDisposable && isDisposable(domain)) return { key: "email.disposable" };
  return undefined;
}
