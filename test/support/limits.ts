/** More than any test sends. */
export const MANY = { count: 100_000, seconds: 600 };

/** Limits that no test is beyond, for those that set one of them. */
export const NO_LIMIT = {
  perIp: MANY,
  perEmail: MANY,
  perMailbox: MANY,
  perDomain: MANY,
  total: MANY,
  signIn: MANY,
};
