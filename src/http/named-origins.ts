/**
 * Tells whether an Origin header names one of some origins.
 * @param named origins as browsers write them; one whose host begins with `*.` stands for that domain's sub-domains, at any
 * depth, but not for the domain.
 */
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
