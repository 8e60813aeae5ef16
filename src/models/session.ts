import type { Pojo } from "objection";
import { Model } from "./model.ts";

/** `browser` ends with the browser or soon, `kept` was asked to last, and `bearer` is a program's. */
export type SessionKind = "browser" | "kept" | "bearer";

/** Somebody signed in to an account, in one browser or program. Of its token only the digest is kept. */
export class Session extends Model {
  static override tableName = "sessions";

  declare id: number;
  declare token_hash: string;
  declare user_id: number;
  /** The account's `session_epoch` when it began. Once that is another, the session has ended. */
  declare epoch: number;
  declare kind: SessionKind;
  /** How long it may go unused. */
  declare idle_seconds: number;
  /** When it ends, however much it is used. */
  declare expires_at: Date;
  /** When the password was last given. */
  declare authenticated_at: Date;
  declare last_seen_at: Date;
  declare created_at: Date;
  declare ip: string;
  declare user_agent: string;

  override $formatJson(json: Pojo): Pojo {
    const { token_hash, ...shown } = super.$formatJson(json);
    return shown;
  }
}
