/** What an email says, before it has words. Nothing in it is a text that a stranger chose. */
export type EmailContent =
  | {
      kind: "verify";
      to: string;
      token: string;
      code: string;
      signedUpAt: Date;
      /** What it came from, where that is known. */
      device: { browser: string; system: string } | undefined;
      validHours: number;
      hasCompetingSignUps: boolean;
    }
  | { kind: "already-registered"; to: string }
  | { kind: "reset"; to: string; token: string; validMinutes: number }
  | { kind: "password-changed"; to: string; changedAt: Date };
