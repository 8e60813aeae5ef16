import type { RequestHandler } from "express";
import helmet from "helmet";

/** Features of browsers that our pages never use. helmet has no default for them. */
const UNUSED = ["camera", "display-capture", "geolocation", "microphone", "payment", "usb", "browsing-topics"];
const PERMISSIONS = UNUSED.map((feature) => `${feature}=()`).join(", ");

/** Isolates our pages. Headers that force https come with `isHttps` only: they break the form on http://localhost. */
export function securityHeaders(isHttps: boolean, returnOrigins: readonly string[]): RequestHandler[] {
  const permissions: RequestHandler = (_req, res, next) => {
    res.set("Permissions-Policy", PERMISSIONS);
    next();
  };
  const others = helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        baseUri: ["'none'"],
        connectSrc: ["'self'"],
        // Browsers hold redirects after a form against it, too.
        formAction: ["'self'", ...returnOrigins],
        frameAncestors: ["'none'"],
        // The stylesheet draws its icons from data URLs.
        imgSrc: ["'self'", "data:"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'"],
        ...(isHttps && { upgradeInsecureRequests: [] }),
      },
    },
    // helmet's default, no-referrer, makes Chromium send `Origin: null` with our own form.
    referrerPolicy: { policy: "same-origin" },
    strictTransportSecurity: isHttps && { maxAge: 365 * 24 * 60 * 60 },
    xFrameOptions: { action: "deny" },
  });
  return [others, permissions];
}
