import { Model } from "./model.ts";

/** How often in a row the password of an address was guessed wrongly, by strangers, or by one known browser or session. */
export class SignInFailure extends Model {
  static override tableName = "sign_in_failures";
  static override idColumn = "key";

  /** A digest. */
  declare key: string;
  /** Null where the address has no account. */
  declare user_id: number | null;
  declare failures: number;
  declare failed_at: Date;
}
