import { Model, type Pojo } from "objection";

/** An account. Its hash stays inside: no JSON form of a user has it. */
export class User extends Model {
  static override tableName = "users";

  /** The constraint that decides whether an address is taken. */
  static readonly emailKeyIsUnique = "users_email_key_unique";

  // `declare`, because a field that is only typed would be set to undefined and so be written.
  declare id: number;
  declare email: string;
  declare email_key: string;
  declare hashed_password: string;
  /** When someone showed that mail to the address reaches them; null until then. */
  declare email_verified_at: Date | null;
  /** When an account that nobody verified ends; null for one that need not be verified any more. */
  declare confirm_by: Date | null;
  declare created_at: Date;
  declare updated_at: Date;

  override $formatJson(json: Pojo): Pojo {
    const { hashed_password, ...shown } = super.$formatJson(json);
    return shown;
  }
}
