/** Who asks, as far as the transport knows. */
export type Caller = {
  ip: string;
  userAgent: string;
  requestId: string;
  /** Aborts when the caller went away without the answer. */
  gone: AbortSignal;
};
