import { readableAddress } from "../service/identity/email-address.ts";

export function typedText(sent: unknown): string {
  return typeof sent === "string" ? sent : "";
}

/** What was typed, with its domain in Unicode: some browsers send it in ASCII form. */
export function typedAddress(sent: unknown): string {
  return readableAddress(typedText(sent));
}
