import type { Express } from "express";

/** No chain is longer. Whatever a client wrote before it is not looked at. */
const MOST_PROXIES = 16;

/** Has Express believe the forwarding headers of these proxies. @param setting as of Express's `trust proxy`. */
export function trustProxies(app: Express, setting: string | number | boolean): void {
  app.set("trust proxy", setting);
  const isTrusted: (address: string, hop: number) => boolean = app.get("trust proxy fn");
  app.set("trust proxy", (address: string, hop: number) => hop < MOST_PROXIES && isTrusted(address, hop));
}
