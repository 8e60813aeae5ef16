/**
 * Finds Foyer's session in a browser's `Cookie` header, to send it on alone: its other cookies are not Foyer's business.
 * Under either name, and Foyer reads its own: another host of the same site may have set the one without the prefix.
 */
export function sessionCookieOf(cookieHeader: string | undefined): string {
  const cookies = (cookieHeader ?? "").split(";").map((cookie) => cookie.trim());
  return cookies.filter((cookie) => /^(?:__Host-)?foyer-session=/.test(cookie)).join("; ");
}
