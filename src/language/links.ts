/** Where people find help, and what they agree to: in the foot of pages and emails. */
export type Links = {
  supportEmail: string | undefined;
  termsUrl: string | undefined;
  privacyUrl: string | undefined;
};

/** What views read of them. `hasLinks`: whether there is any. */
export function linksOf({ supportEmail, termsUrl, privacyUrl }: Links): Links & { hasLinks: boolean } {
  const links = { supportEmail, termsUrl, privacyUrl };
  return { ...links, hasLinks: Object.values(links).some((link) => link !== undefined) };
}
