import { crc32 } from "node:zlib";
import type { SessionKind } from "../../models/session.ts";
import { randomSecret } from "../../secrets/random-secret.ts";
import type { Credential } from "../caller.ts";

/** Secret scanners find tokens in code and logs by these. A cookie's is no bearer token, nor the reverse. */
const PREFIXES: Record<Credential["kind"], string> = { cookie: "foyer_c_", bearer: "foyer_b_" };

const TOKEN = /^foyer_[cb]_[\w-]{43}[\da-f]{8}$/;
const CHECKSUM_LENGTH = 8;

function checksum(text: string) {
  return crc32(text).toString(16).padStart(CHECKSUM_LENGTH, "0");
}

/** Makes a session's token of 256 bits. Its checksum has garbage refused without a look into the database. */
export function newSessionToken(kind: SessionKind): string {
  const text = `${PREFIXES[kind === "bearer" ? "bearer" : "cookie"]}${randomSecret()}`;
  return text + checksum(text);
}

/** Whether a token may be one that `newSessionToken` made for where it is shown. */
export function isWellFormed({ kind, token }: Credential): boolean {
  const text = token.slice(0, -CHECKSUM_LENGTH);
  return TOKEN.test(token) && token.startsWith(PREFIXES[kind]) && token.endsWith(checksum(text));
}
