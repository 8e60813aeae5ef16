/** An answer as it can be kept and shown: PostgreSQL takes no NUL, and a terminal would obey other control characters. */
export function readableResponse(response: string, mostCharacters: number): string {
  return response.replaceAll(/\p{Cc}+/gu, " ").slice(0, mostCharacters);
}
