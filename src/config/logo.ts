import { readFileSync } from "node:fs";

/** An image for the icon and the head of pages. */
export type Logo = { type: "svg" | "png"; content: Buffer };

const MAX_BYTES = 256 * 1024;

const PNG = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
/** The root element, after a declaration, comments and a document type. */
const SVG = /^\uFEFF?\s*(?:<\?[\s\S]*?\?>\s*|<!--[\s\S]*?-->\s*|<!DOCTYPE svg[^>[]*>\s*)*<svg[\s>]/i;
/** What could run, or hide what runs. It is served so that nothing runs even if this missed something. */
const ACTIVE = /<!ENTITY|<(?:[^\s<>/:]+:)?(?:script|foreignObject|iframe|handler)\b|\son\w+\s*=/i;
const ACTIVE_URL = /javascript:/i;
const CHARACTER = /&#(?:x([\da-f]+)|(\d+));/gi;

/** Has characters that are given by their number as themselves. */
function decoded(text: string): string {
  return text.replaceAll(CHARACTER, (_, hexadecimal?: string, decimal?: string) => {
    const point = hexadecimal === undefined ? Number(decimal) : Number.parseInt(hexadecimal, 16);
    return point <= 0x10ffff ? String.fromCodePoint(point) : "";
  });
}

function isActive(svg: string): boolean {
  // URLs lose their tabs and line breaks when they are read.
  return ACTIVE.test(svg) || ACTIVE_URL.test(decoded(svg).replaceAll(/[\t\n\r]/g, ""));
}

/** Reads an image, known by its content and not by its name. @returns what is wrong with it, as what was expected. */
export function readLogo(path: string): Logo | string {
  let content: Buffer;
  try {
    content = readFileSync(path);
  } catch {
    return "expected a file that can be read";
  }
  if (content.length > MAX_BYTES) return `expected an image of at most ${MAX_BYTES / 1024} KiB`;
  if (content.subarray(0, PNG.length).equals(PNG)) return { type: "png", content };
  const text = content.toString("utf8");
  if (!SVG.test(text)) return "expected an image of type SVG or PNG";
  if (isActive(text)) return "expected an SVG without scripts, handlers, entities and foreign objects";
  return { type: "svg", content };
}
