type Accent = { accent: string; hover: string };

/** The colours of a brand on light and on dark pages. */
export type Colors = { light: Accent; dark: Accent };

function properties({ accent, hover }: Accent, ink: string): string {
  // As specific as Pico's own selectors for its two themes, so that what comes later wins.
  return `:root:not([data-theme="none"]) {
  --foyer-accent: ${accent};
  --foyer-accent-hover: ${hover};
  --foyer-ink-on-accent: ${ink};
}`;
}

/** The stylesheet that gives foyer.css its accent. */
export function colorStyle({ light, dark }: Colors): string {
  return `${properties(light, "#fff")}
@media (prefers-color-scheme: dark) {
${properties(dark, "#10142b")}
}
`;
}
