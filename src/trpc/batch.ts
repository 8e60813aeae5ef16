/** Calls that one HTTP request may carry: the client splits a larger batch, the server refuses it. */
export const MAX_BATCH = 10;
