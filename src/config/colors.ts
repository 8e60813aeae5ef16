import { clampChroma, converter, formatHex, wcagContrast } from "culori";

/** A colour of six hexadecimal digits, as CSS writes it, and a stronger one for what is pointed at. */
export type Accent = { accent: string; hover: string };

export type BrandColors = {
  light: Accent;
  dark: Accent;
  /** Whether the operator named only the one for light pages. */
  isDarkDerived: boolean;
};

export type Scheme = "light" | "dark";

/** What the accent stands on, or has standing on it: the pages' grounds, as in foyer.css, and the words of a button. */
export const NEIGHBOURS: Record<Scheme, readonly string[]> = {
  light: ["#ffffff", "#f3f4f9"],
  dark: ["#12151f", "#1b2030", "#10142b"],
};

/** WCAG 2.2, success criterion 1.4.3: text of normal size. */
export const ENOUGH = 4.5;

/** Away from the page's ground, so that it gains contrast. In lightness of OKLCH, 0 to 1. */
const HOVER = { light: -0.08, dark: 0.08 };
const STEP = 0.002;

const toOklch = converter("oklch");

/** @returns the same hue with another lightness, as far as screens have it. */
function withLightness(color: string, change: number): string {
  const { l = 0, ...rest } = toOklch(color) ?? { mode: "oklch", c: 0 };
  const lightness = Math.min(1, Math.max(0, l + change));
  return formatHex(clampChroma({ ...rest, l: lightness }, "oklch"));
}

/** The least contrast (WCAG 2.2) of a colour with what it is beside. */
export function contrastOf(color: string, scheme: Scheme): number {
  return Math.min(...NEIGHBOURS[scheme].map((neighbour) => wcagContrast(color, neighbour)));
}

/** @returns the colour, or the nearest in lightness that can be read. */
export function nearestReadable(color: string, scheme: Scheme): string {
  const direction = Math.sign(HOVER[scheme]);
  for (let change = 0; change <= 1; change += STEP) {
    const candidate = change === 0 ? color : withLightness(color, direction * change);
    if (contrastOf(candidate, scheme) >= ENOUGH) return candidate;
  }
  return scheme === "light" ? "#000000" : "#ffffff";
}

/** @param color one that can be read. */
export function toAccent(color: string, scheme: Scheme): Accent {
  return { accent: color, hover: withLightness(color, HOVER[scheme]) };
}
