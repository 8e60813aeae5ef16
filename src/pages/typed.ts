import { readableAddress } from "../service/email-address.ts";

/** What was typed into a field, to stand in it again; nothing where a program sent no text. */
export function typedText(sent: unknown): string {
  return typeof sent === "string" ? sent : "";
}

/** The same for an address: some browsers send its domain in the wire form, though it was typed in letters. */
export function typedAddress(sent: unknown): string {
  return readableAddress(typedText(sent));
}
