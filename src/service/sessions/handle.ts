/** 96 bits of the digest. */
export const HANDLE_LENGTH = 16;

/** Names a session where people and programs see it. Neither the token nor its digest can be found out by it. */
export function toHandle(tokenHash: string): string {
  return tokenHash.slice(0, HANDLE_LENGTH);
}
