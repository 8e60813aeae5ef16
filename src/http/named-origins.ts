/** Returns a test of Origin headers. A host `*.x` stands for the sub-domains of x, at any depth, but not for x. */
export function namedOrigins(named: readonly string[]): (origin: string) => boolean {
  const exact = named.filter((origin) => !origin.includes("*"));
  const wild = named.filter((origin) => origin.includes("*"));
  return (origin) =>
    exact.includes(origin) ||
    wild.some((pattern) => {
      const [before = "", after = ""] = pattern.split("*");
      const labels = origin.slice(before.length, -after.length);
      return origin === before + labels + after && /^[\w-]+(?:\.[\w-]+)*$/.test(labels);
    });
}
