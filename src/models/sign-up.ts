import type { Pojo } from "objection";
import { Model } from "./model.ts";

/** Anyone can ask for an account at an address. Whoever reads the mailbox decides which sign-up counts. */
export class SignUp extends Model {
  static override tableName = "sign_ups";

  declare id: number;
  declare email: string;
  declare email_key: string;
  declare user_id: number | null;
  /** The id that its account has or will have: it opened the account, or its answer announced the id. */
  declare reserved_id: number | null;
  /** Null once the sign-up is verified or superseded. */
  declare hashed_password: string | null;
  declare device_hash: string | null;
  /** The browser or program that it came from, as that named itself. */
  declare user_agent: string | null;
  /** The tag of the language that it asked for; null is the default. */
  declare language: string | null;
  declare code_tries: number;
  declare password_tries: number;
  /** Null while it is open; `superseded` when the address was verified by way of another. */
  declare outcome: "verified" | "superseded" | null;
  declare created_at: Date;

  override $formatJson(json: Pojo): Pojo {
    const { hashed_password, ...shown } = super.$formatJson(json);
    return shown;
  }
}
