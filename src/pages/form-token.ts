import { createHmac } from "node:crypto";
import { isEqual } from "../secrets/is-equal.ts";

/** The forms that act for a session. */
export type SessionForm =
  | "/sign-out"
  | "/sessions/end"
  | `/account/${"password" | "email" | "delete" | "keep" | "terms"}`;

export type FormTokens = {
  /** Makes the token that a form of a session carries. @param handle the session's. */
  of(handle: string, form: SessionForm): string;
  isOf(sent: unknown, handle: string, form: SessionForm): boolean;
};

/** Ties forms to the session that they were shown in (NIST SP 800-63B-4 section 5.1). @param key the same for all instances. */
export function createFormTokens(key: Buffer): FormTokens {
  const tokenOf = (handle: string, form: SessionForm) =>
    createHmac("sha256", key).update(`form ${form} ${handle}`).digest("base64url");
  return {
    of: tokenOf,
    isOf: (sent, handle, form) => typeof sent === "string" && isEqual(sent, tokenOf(handle, form)),
  };
}
