import { Model } from "./model.ts";

/** A link that lets whoever reads an account's mailbox set its password, as its digest alone. */
export class ResetToken extends Model {
  static override tableName = "reset_tokens";
  static override idColumn = "token_hash";

  declare token_hash: string;
  declare user_id: number;
  declare expires_at: Date;
  /** When a password was set, by this link or otherwise. Null while it may be used. */
  declare used_at: Date | null;
}
