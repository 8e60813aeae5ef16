import { Model } from "objection";

/** A mail to be written and sent: about a sign-up, or to whoever an address belongs to. What it says is decided when it is sent. */
export class Mail extends Model {
  static override tableName = "mails";

  declare id: number;
  /** Two mails of one key are one. */
  declare key: string;
  declare email_key: string;
  declare sign_up_id: number | null;
  /** How often its sending failed for a reason of its own. */
  declare attempts: number;
  /** Counts who took it, so that one who lost it meanwhile writes nothing. */
  declare lease: number;
  /** When it may be taken: at once, after a failure later, and while someone has it when their lease ends. */
  declare due_at: Date;
  declare done_at: Date | null;
  /** `dropped` where there was nothing to say. */
  declare outcome: "sent" | "given_up" | "dropped" | null;
  /** What the mail server said last. */
  declare reply: string | null;
  declare created_at: Date;
}
