/** Who asks, as far as the transport knows. */
export type Caller = {
  ip: string;
  userAgent: string;
  requestId: string;
  /** A secret that the caller's browser keeps: who has it is where the sign-up was. */
  browser: string;
  /** Aborts when the caller went away without the answer. */
  gone: AbortSignal;
};
