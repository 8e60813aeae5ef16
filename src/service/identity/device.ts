import bowser from "bowser";

/** What a sign-up came from, by names that Bowser knows: `Chrome` on `Android`. */
export type Device = { browser: string; system: string };

const BROWSERS = new Set(Object.values(bowser.BROWSER_MAP));
const SYSTEMS = new Set(Object.values(bowser.OS_MAP));

/**
 * Describes what a User-Agent header names. @returns undefined for what is not known: the header is a stranger's text,
 * and no word of it may be shown.
 */
export function describeDevice(userAgent: string | null): Device | undefined {
  if (!userAgent) return undefined;
  const { browser, os } = bowser.parse(userAgent);
  const [name = "", system = ""] = [browser.name, os.name];
  return BROWSERS.has(name) && SYSTEMS.has(system) ? { browser: name, system } : undefined;
}
