/** Wilcoxon's signed-rank test of differences: how many standard deviations their ranks are from being without direction. */
export function signedRank(differences: number[]) {
  const ranked = differences.filter((d) => d !== 0).toSorted((a, b) => Math.abs(a) - Math.abs(b));
  const n = ranked.length;
  const sum = ranked.reduce((total, d, index) => total + Math.sign(d) * (index + 1), 0);
  return sum / Math.sqrt((n * (n + 1) * (2 * n + 1)) / 6);
}

/** The one in the middle. */
export function median(numbers: number[]) {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN;
}

/** How many standard deviations ranks may be off: by chance once in about 15,000 runs. */
export const CLEAR = 4;
