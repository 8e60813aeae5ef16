import { Model } from "./model.ts";

/** Somebody agreed to a version of the terms. Rows are added, and go with their account or sign-up; none is changed. */
export class Acceptance extends Model {
  static override tableName = "acceptances";

  declare id: number;
  /** Null for what came with a sign-up, which may be of a stranger. */
  declare user_id: number | null;
  declare sign_up_id: number | null;
  declare url: string;
  declare version: string;
  declare ip: string;
  /** The tag (RFC 5646) of the language that the page or the answer was in. */
  declare language: string;
  declare accepted_at: Date;
}
