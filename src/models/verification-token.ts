import { Model } from "./model.ts";

/** A link and a code that one email carried, as their digests alone. */
export class VerificationToken extends Model {
  static override tableName = "verification_tokens";
  static override idColumn = "token_hash";

  declare token_hash: string;
  declare code_hash: string;
  declare sign_up_id: number;
  declare expires_at: Date;
}
