import type { OutboxEmail } from "../models/outbox-email.ts";
import { openGivenUp } from "../outbox/given-up.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import { runGivenUp } from "./given-up.ts";

await runGivenUp({
  noun: "email",
  open: (db) => openGivenUp<OutboxEmail>(db, "emails"),
  describe: ({ email_key }) => readableAddress(email_key),
});
