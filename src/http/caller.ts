import type { Request, Response } from "express";
import { randomSecret } from "../secrets/random-secret.ts";
import type { Caller } from "../service/caller.ts";
import { claimedOrigin } from "./claimed-origin.ts";
import { clientAddress } from "./client-address.ts";
import { type CookieName, DEVICE_COOKIE_MS, deleteCookie, KNOWN_COOKIE_MS, readCookie, setCookie } from "./cookies.ts";
import { credentialOf } from "./credential.ts";
import { languageFor } from "./language.ts";
import { onFinished } from "./on-finished.ts";
import { returnToOf } from "./return-to.ts";

const USER_AGENT_LENGTH = 256;
const SECRET = /^[\w-]{43}$/;
/**
 * More than one only where streamed answers gave out the others before it was sure that they would be needed: so many of
 * those may come to nothing, such as wrong codes, before the browser forgets its sign-up.
 */
const MOST_SECRETS = 16;
/** People who sign in with one browser. */
const MOST_KNOWN = 8;

function abortedSignal(req: Request, res: Response): AbortSignal {
  const controller = new AbortController();
  onFinished(req, res, (answered) => {
    if (!answered) controller.abort();
  });
  if (req.socket.destroyed) controller.abort();
  return controller.signal;
}

function keepsSession(req: Request, res: Response): Pick<Caller, "credential" | "keepSession" | "forgetSession"> {
  let credential = credentialOf(req);
  const hasCookie = credential?.kind === "cookie";
  return {
    credential: () => credential,
    keepSession(token, seconds) {
      credential = { kind: "cookie", token };
      setCookie(req, res, "session", token, seconds === undefined ? undefined : seconds * 1000);
    },
    forgetSession() {
      credential = undefined;
      if (!hasCookie || res.headersSent) return;
      deleteCookie(req, res, "session");
      // Browsers may show pages of their cache to whoever goes back. `cookies` would delete those of other sites below ours.
      res.set("Clear-Site-Data", '"cache"');
    },
  };
}

/** Reads who sent a request. */
export function callerOf(req: Request, res: Response): Caller {
  const listIn = (name: CookieName, separator: string, most: number) =>
    (readCookie(req, name) ?? "").split(separator, most);
  // Only when they are asked for: most requests sign nobody up or in, and randomness and cookies take a while.
  let newDeviceSecret: string | undefined;
  return {
    ip: clientAddress(req),
    userAgent: (req.get("user-agent") ?? "").slice(0, USER_AGENT_LENGTH),
    requestId: String(res.locals["requestId"]),
    returnTo: returnToOf(req),
    get language() {
      return languageFor(req).lang;
    },
    signal: abortedSignal(req, res),
    isOfOtherOrigin: claimedOrigin(req) === "other",
    ...keepsSession(req, res),
    get deviceSecrets() {
      return listIn("device", ".", MOST_SECRETS).filter((secret) => SECRET.test(secret));
    },
    get newDeviceSecret() {
      newDeviceSecret ??= randomSecret();
      return newDeviceSecret;
    },
    keepDeviceSecrets: (secrets) =>
      setCookie(req, res, "device", secrets.slice(0, MOST_SECRETS).join("."), DEVICE_COOKIE_MS),
    get knownProofs() {
      return listIn("known", "~", MOST_KNOWN);
    },
    keepKnownProofs: (proofs) => setCookie(req, res, "known", proofs.slice(0, MOST_KNOWN).join("~"), KNOWN_COOKIE_MS),
  };
}
