export type Caller = {
  ip: string;
  /** What the browser or program calls itself, cut to a length that can be kept. */
  userAgent: string;
  requestId: string;
  /** What the caller's browser was given at its last sign-up or verification, the latest first; none by most programs. */
  deviceSecrets: readonly string[];
  /** For a sign-up or verification by this request. */
  newDeviceSecret: string;
  /** Has the browser keep a secret from now on, and no other. */
  keepDeviceSecret(secret: string): void;
  /** Aborts when the caller went away without the answer. */
  signal: AbortSignal;
};
