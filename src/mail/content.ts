/** What a request came from, where that is known. */
type Device = { browser: string; system: string };

/**
 * What an email says, before it has words. Nothing in it is a text that a stranger chose. `returnTo`: where its link leads
 * on to in the end, a page of an origin that the operator named.
 */
export type EmailContent =
  | {
      kind: "verify";
      to: string;
      token: string;
      returnTo: string | undefined;
      code: string;
      signedUpAt: Date;
      device: Device | undefined;
      validHours: number;
      hasCompetingSignUps: boolean;
    }
  | { kind: "already-registered"; to: string }
  /** `hasPassword`: whether one opens the account, so that nothing is lost if this is not used. */
  | {
      kind: "reset";
      to: string;
      token: string;
      returnTo: string | undefined;
      validMinutes: number;
      hasPassword: boolean;
    }
  | { kind: "password-changed"; to: string; changedAt: Date }
  /** To the new address. */
  | { kind: "email-change"; to: string; token: string; validHours: number }
  /** To the address before. Their links undo it. */
  | { kind: "email-change-asked"; to: string; token: string; askedAt: Date }
  | { kind: "email-changed"; to: string; token: string; changedAt: Date }
  /** To the address that the account had until then. */
  | { kind: "email-change-undone"; to: string; undoneAt: Date }
  | { kind: "deletion-asked"; to: string; deletesAt: Date }
  | { kind: "account-kept"; to: string }
  | { kind: "account-deleted"; to: string }
  | { kind: "new-sign-in"; to: string; signedInAt: Date; device: Device | undefined };
