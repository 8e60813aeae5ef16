/** What a request shows to say who asks. It is as the client sent it. */
export type Credential = { kind: "cookie" | "bearer"; token: string };

export type Caller = {
  ip: string;
  /** What the browser or program calls itself, cut to a length that can be kept. */
  userAgent: string;
  requestId: string;
  /** A page of an app, of a named origin, to which emails lead the reader back in the end. */
  returnTo: string | undefined;
  /** The tag (RFC 5646) of the language that it asks for, of those that are offered. */
  language: string;
  /** Aborts when the caller went away without the answer. */
  signal: AbortSignal;
  /** Who asks. It changes when this request signs somebody in or out. */
  credential(): Credential | undefined;
  /** Whether a page of another origin asks, in whose browser no cookie of Foyer's is to be. */
  isOfOtherOrigin: boolean;
  /** Has the browser keep a session. @param seconds for how long; until the browser ends if none. */
  keepSession(token: string, seconds?: number): void;
  /** Has the browser forget its session, and what it keeps of pages that it saw. */
  forgetSession(): void;
  /** What the browser was given at its last sign-up or verification, the latest first; none by most programs. */
  deviceSecrets: readonly string[];
  /** For a sign-up or verification by this request. */
  newDeviceSecret: string;
  /** Has the browser keep these, and no others. */
  keepDeviceSecrets(secrets: readonly string[]): void;
  /** What the browser was given when people signed in before, the latest first. */
  knownProofs: readonly string[];
  /** Has the browser keep these, and no others. */
  keepKnownProofs(proofs: readonly string[]): void;
};
