export type Caller = {
  ip: string;
  /** What the browser or program calls itself, cut to a length that can be kept. */
  userAgent: string;
  requestId: string;
  /** A secret that the caller's browser keeps: whoever has it is where the sign-up was. */
  deviceSecret: string;
  /** Aborts when the caller went away without the answer. */
  signal: AbortSignal;
};
