import { Model, type Pojo } from "objection";

/**
 * What someone asked for: an address, and the password that its account would have. Anyone can ask; whoever reads the address's
 * mail decides which sign-up counts.
 */
export class SignUp extends Model {
  static override tableName = "sign_ups";

  declare id: number;
  declare email: string;
  declare email_key: string;
  /** The account that the address has; null while it has none. The sign-up is deleted with it. */
  declare user_id: number | null;
  /** The number that its account will have, where it was promised one. */
  declare promised_id: number | null;
  /** Null when the sign-up is settled. */
  declare hashed_password: string | null;
  /** The digest of the secret that the browser of the sign-up keeps. */
  declare browser_hash: string | null;
  declare code_tries: number;
  /** Null while it is open; `superseded` when the address was verified by way of another. */
  declare outcome: "verified" | "superseded" | null;
  declare created_at: Date;

  override $formatJson(json: Pojo): Pojo {
    const { hashed_password, ...shown } = super.$formatJson(json);
    return shown;
  }
}
