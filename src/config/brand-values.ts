import { statSync } from "node:fs";
import { resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { z } from "zod";
import { type BrandColors, contrastOf, ENOUGH, nearestReadable, type Scheme, toAccent } from "./colors.ts";
import { type Logo, readLogo } from "./logo.ts";
import { sender } from "./mail-values.ts";

const MAX_NAME_LENGTH = 60;

/** What the site is called: in titles, sentences and subjects of emails, so one line. */
export const siteName = z
  .string()
  .trim()
  .max(MAX_NAME_LENGTH, `expected a name of at most ${MAX_NAME_LENGTH} characters`)
  .regex(/^[^\p{Cc}\p{Zl}\p{Zp}]+$/u, "expected a name without line breaks or other control characters");

export const siteLogo = z.string().transform((path, context): Logo => {
  const logo = readLogo(resolve(path));
  if (typeof logo !== "string") return logo;
  context.addIssue(logo);
  return z.NEVER;
});

const COLORS = /^(#[\da-f]{6})(?:\s*,\s*(#[\da-f]{6}))?$/i;

/** Says what is wrong with a colour, and names the nearest that can be read. */
function unreadable(color: string, scheme: Scheme): string | undefined {
  const contrast = contrastOf(color, scheme);
  if (contrast >= ENOUGH) return undefined;
  const ratio = (Math.floor(contrast * 10) / 10).toFixed(1);
  return (
    `expected a colour that can be read on ${scheme} pages, with a contrast of ${ENOUGH}:1 (WCAG 2.2); ` +
    `this one has ${ratio}:1, and the nearest that passes is ${nearestReadable(color, scheme)}`
  );
}

/** One colour for light pages, and one for dark pages: without it, the nearest to the first that can be read there. */
export const brandColor = z
  .string()
  .regex(COLORS, "expected a colour such as #3a4ed5, or two for light and dark pages, such as #3a4ed5,#8f9dff")
  .transform((text, context): BrandColors => {
    const [, light = "", given] = COLORS.exec(text.toLowerCase()) ?? [];
    const dark = given ?? nearestReadable(light, "dark");
    const wrong = unreadable(light, "light") ?? unreadable(dark, "dark");
    if (wrong) context.addIssue(wrong);
    return { light: toAccent(light, "light"), dark: toAccent(dark, "dark"), isDarkDerived: given === undefined };
  });

export const supportEmail = sender
  .refine(({ name }) => name === "", "expected an address alone, such as help@example.com")
  .transform(({ address }) => address);

/** A page elsewhere that pages and emails link to. */
export const linkedPage = z
  .url({
    protocol: /^https?$/,
    abort: true,
    error: "expected the address of a page, such as https://example.com/terms",
  })
  .refine((url) => {
    const { username, password } = new URL(url);
    return username + password === "";
  }, "expected an address without a password in it")
  .transform((url) => new URL(url).href);

/** Which version of the terms counts, as people may read it. */
export const termsVersion = z
  .string()
  .trim()
  .regex(/^[\w.:+/ -]{1,64}$/, "expected a version such as 2026-11-01: at most 64 letters, digits, spaces and .:+/_-");

/** A folder of views. Its address ends with a slash, so that names are found below it. */
export const viewsDir = z
  .string()
  .transform((path) => resolve(path))
  .refine((path) => statSync(path, { throwIfNoEntry: false })?.isDirectory(), "expected a folder that exists")
  .transform((path) => pathToFileURL(`${path}/`));
