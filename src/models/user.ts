import type { Pojo } from "objection";
import { Model } from "./model.ts";

/** An account. Its hash stays inside: no JSON form of a user has it. */
export class User extends Model {
  static override tableName = "users";

  static readonly emailKeyIsUnique = "users_email_key_unique";

  // `declare`, because a field that is only typed would be set to undefined and so be written.
  declare id: number;
  declare email: string;
  declare email_key: string;
  declare hashed_password: string;
  declare email_verified_at: Date | null;
  /** When the account is deleted unless it was verified; null for one that stays. */
  declare unverified_expires_at: Date | null;
  /** Each of its sessions began at one. To count it up ends all sessions, at all instances at once. */
  declare session_epoch: number;
  /** Since when nobody can sign in to it. */
  declare disabled_at: Date | null;
  /** When it is deleted, as its owner asked. Until then signing in lets them keep it. */
  declare deletes_at: Date | null;
  /** The tag of the language of its emails, as its sign-up asked for it; null is the default. */
  declare language: string | null;
  declare created_at: Date;
  declare updated_at: Date;

  override $formatJson(json: Pojo): Pojo {
    const { hashed_password, ...shown } = super.$formatJson(json);
    return shown;
  }
}
