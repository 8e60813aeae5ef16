import { databaseKind, withDatabase } from "./database.ts";
import { measureRegistration } from "./registration.ts";
import { finish } from "./report.ts";
import { measureSessions } from "./sessions.ts";
import { config, isChosen, SECONDS } from "./settings.ts";

process.stderr.write(
  `${databaseKind}, cost ${config.bcryptCost}, ${config.hashConcurrency} threads, windows of ${SECONDS} s\n`,
);
if (isChosen("sessions")) await withDatabase((few) => withDatabase((many) => measureSessions(few, many)));
if (isChosen("registration")) await withDatabase(measureRegistration);
await finish(databaseKind);
process.exit();
