/** 96 bits of the digest. */
export const HANDLE_LENGTH = 16;

const HANDLE = new RegExp(`^[\\w-]{${HANDLE_LENGTH}}$`);

/** Whether a text may name a session: the database takes no others, such as one with a NUL. */
export function isHandle(text: string): boolean {
  return HANDLE.test(text);
}

/** Names a session where people and programs see it. Neither the token nor its digest can be found out by it. */
export function toHandle(tokenHash: string): string {
  return tokenHash.slice(0, HANDLE_LENGTH);
}
