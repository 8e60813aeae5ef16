/** What an email says, before it has words. `to` is the wire form of the address, `address` its readable form. */
export type EmailContent =
  | {
      kind: "verify";
      to: string;
      address: string;
      token: string;
      code: string;
      signedUpAt: Date;
      validHours: number;
      hasCompetingSignUps: boolean;
    }
  | { kind: "already-registered"; to: string };
