import type { OutboxEvent } from "../models/outbox-event.ts";
import { openGivenUp } from "../outbox/given-up.ts";
import { runGivenUp } from "./given-up.ts";

await runGivenUp({
  noun: "event",
  open: (db) => openGivenUp<OutboxEvent>(db, "events"),
  describe: ({ type, user_id, consumer }) => `${type}\t${user_id}\t${consumer}`,
});
