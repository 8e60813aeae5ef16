import { Model } from "./model.ts";

/** Somebody asked for another address for their account. */
export class EmailChange extends Model {
  static override tableName = "email_changes";

  declare id: number;
  declare user_id: number;
  /** The account's `session_epoch` when it was asked for. Once that is another, nobody can make the change any more. */
  declare epoch: number;
  declare old_email: string;
  declare old_email_key: string;
  declare new_email: string;
  declare new_email_key: string;
  /** Null while it is open; `superseded` when another one was asked for. The old mailbox had it `cancelled` or `undone`. */
  declare outcome: "done" | "superseded" | "cancelled" | "undone" | null;
  declare changed_at: Date | null;
  declare created_at: Date;
}
