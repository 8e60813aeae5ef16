import type { Knex } from "knex";
import { purgeEvents } from "../events/forget.ts";
import type { EventRecorder } from "../events/recorder.ts";
import { purgeAccounts } from "./account/purge.ts";
import { purgeEmailChanges } from "./email-change/purge.ts";
import { purgeResetTokens } from "./password/purge.ts";
import { purgeSessions } from "./sessions/purge.ts";
import type { ServiceSettings } from "./settings.ts";
import { purge } from "./verification/purge.ts";

/** What is deleted when its time is over, feature by feature. */
export function purgesOf(db: Knex, { unverifiedDays }: Pick<ServiceSettings, "unverifiedDays">, events: EventRecorder) {
  return [
    (signal?: AbortSignal) => purge({ db, events }, unverifiedDays, signal),
    (signal?: AbortSignal) => purgeSessions(db, signal),
    (signal?: AbortSignal) => purgeResetTokens(db, signal),
    (signal?: AbortSignal) => purgeEmailChanges(db, signal),
    (signal?: AbortSignal) => purgeAccounts({ db, events }, signal),
    (signal?: AbortSignal) => purgeEvents(db, signal),
  ];
}
