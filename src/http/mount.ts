import type { Express } from "express";
import type { Logger } from "pino";

/** The path at which an app has Foyer; the first of several. "" where it is none. */
export function mountOf({ mountpath }: Express): string {
  const [path]: unknown[] = [mountpath].flat();
  return typeof path === "string" ? path.replace(/\/$/, "") : "";
}

/** Warns an app that mounts Foyer where its links do not lead: those in emails know no request, but PUBLIC_URL alone. */
export function warnOfMount(app: Express, publicUrl: URL, log: Logger): void {
  const base = publicUrl.pathname.replace(/\/$/, "");
  app.on("mount", () => {
    const path = mountOf(app);
    if (base.endsWith(path)) return;
    const right = new URL(path, publicUrl).href;
    log.warn(
      `Foyer is mounted at ${path}, but publicUrl is ${publicUrl.href}: links in emails lead there. ` +
        `Set publicUrl to where people open it, such as ${right}`,
    );
  });
}
