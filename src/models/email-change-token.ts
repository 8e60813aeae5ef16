import { Model } from "./model.ts";

/** A link that makes a change of address, or undoes it, as its digest alone. */
export class EmailChangeToken extends Model {
  static override tableName = "email_change_tokens";
  static override idColumn = "token_hash";

  declare token_hash: string;
  declare email_change_id: number;
  declare purpose: "confirm" | "undo";
  declare expires_at: Date;
}
