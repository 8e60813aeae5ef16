import { readableAddress } from "../service/identity/email-address.ts";

/** In characters. What is longer was not typed, and each might become six in HTML, for as long as nobody reads it. */
const MOST_SHOWN = 1024;

/** What was typed into a field, to show it again. */
export function typedText(sent: unknown): string {
  return typeof sent === "string" ? sent.slice(0, MOST_SHOWN) : "";
}

/** What was typed, with its domain in Unicode: some browsers send it in ASCII form. */
export function typedAddress(sent: unknown): string {
  return readableAddress(typedText(sent));
}
