/** What a request came from, where that is known. */
type Device = { browser: string; system: string };

/** What an email says, before it has words. Nothing in it is a text that a stranger chose. */
export type EmailContent = Addressee & What;

/** `language`: the tag of the one that its reader is written to in; null is the default. */
type Addressee = { to: string; language: string | null };

/** `returnTo`: where its link leads on to in the end, a page of an origin that the operator named. */
type What =
  | {
      kind: "verify";
      token: string;
      returnTo: string | undefined;
      code: string;
      signedUpAt: Date;
      device: Device | undefined;
      validHours: number;
      hasCompetingSignUps: boolean;
    }
  | { kind: "already-registered" }
  /** `hasPassword`: whether one opens the account, so that nothing is lost if this is not used. */
  | {
      kind: "reset";
      token: string;
      returnTo: string | undefined;
      validMinutes: number;
      hasPassword: boolean;
    }
  | { kind: "password-changed"; changedAt: Date }
  /** To the new address. */
  | { kind: "email-change"; token: string; validHours: number }
  /** To the address before. Their links undo it. */
  | { kind: "email-change-asked"; token: string; askedAt: Date }
  | { kind: "email-changed"; token: string; changedAt: Date }
  /** To the address that the account had until then. */
  | { kind: "email-change-undone"; undoneAt: Date }
  | { kind: "deletion-asked"; deletesAt: Date }
  | { kind: "account-kept" }
  | { kind: "account-deleted" }
  | { kind: "new-sign-in"; signedInAt: Date; device: Device | undefined };
