const INITIAL_SECONDS = 30;
const MAX_SECONDS = 6 * 60 * 60;

/** For how long to wait after so many failures: twenty of them make about three days. */
export function backoffSeconds(failures: number): number {
  return Math.min(MAX_SECONDS, INITIAL_SECONDS * 2 ** failures) * (1 + Math.random() / 4);
}
