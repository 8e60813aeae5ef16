/** What a mail says, before it has words; `to` is the address in its wire form. */
export type Letter =
  /**
   * Asks whoever reads the address's mail to confirm a sign-up, by a link or by a code; `others` says that there are more.
   * `address` is as its owner would write it.
   */
  | { kind: "verify"; to: string; address: string; token: string; code: string; signedUpAt: Date; validHours: number; others: boolean }
  /** Tells the holder of an account that someone asked for another. */
  | { kind: "registered"; to: string };
