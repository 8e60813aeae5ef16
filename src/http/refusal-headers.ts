import type { ServiceError } from "../service/errors.ts";

/**
 * The header fields that go with a refusal: when to try again (RFC 9110 section 10.2.3) and, for a limit, which one and
 * what is left of it (draft-ietf-httpapi-ratelimit-headers-10).
 */
export function refusalHeaders(error: ServiceError): Record<string, string> {
  if (!("retryAfterSeconds" in error)) return {};
  const headers = { "Retry-After": String(error.retryAfterSeconds) };
  if (error.code !== "rate_limited") return headers;
  const { limit, count, seconds, retryAfterSeconds } = error;
  return {
    ...headers,
    "RateLimit-Policy": `"${limit}";q=${count};w=${seconds}`,
    RateLimit: `"${limit}";r=0;t=${retryAfterSeconds}`,
  };
}
