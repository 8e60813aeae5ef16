import type { Knex } from "knex";
import type { Logger } from "pino";
import type { WebhookSettings } from "../config/environment.ts";
import type { EventConsumer, EventType } from "../models/outbox-event.ts";
import { EVENT_TYPES } from "../models/outbox-event.ts";
import type { DeliveryEvent } from "../outbox/delivery.ts";
import type { Transport } from "../outbox/transport.ts";
import type { Worker, WorkerSettings } from "../outbox/worker.ts";
import type { ToldEvent } from "./event.ts";
import { createHandlers, type Handlers } from "./handlers.ts";
import { createEventRecorder, type EventRecorder } from "./recorder.ts";
import { createWebhook } from "./webhook.ts";
import { startEventWorker } from "./worker.ts";

export type EventOutcome = "queued" | "sent" | "retried" | "given_up";

export type EventsParts = {
  db: Knex;
  webhook: WebhookSettings | undefined;
  log: Logger;
  observe: (event: EventOutcome) => void;
};

/** What happens to accounts, told to those who listen. */
export type Events = {
  recorder: EventRecorder;
  on: Handlers["on"];
  /** Who is told, at this instance. */
  consumers(): EventConsumer[];
  /** Tells no more; what is being told has a few seconds to be done. */
  stop(): Promise<void>;
};

/** Starts to tell the receiver of the settings, if there is one, and the handlers of the app from the first on. */
export function openEvents({ db, webhook, log, observe }: EventsParts, settings?: WorkerSettings): Events {
  const handlers = createHandlers(log);
  const workers = new Map<EventConsumer, Worker>();

  function start(consumer: EventConsumer, transport: Transport<ToldEvent>, types: () => readonly EventType[]) {
    const parts = { db, consumer, types, transport, mayBeDown: consumer === "webhook", log };
    const told = (one: DeliveryEvent) => one !== "dropped" && observe(one);
    workers.set(consumer, startEventWorker({ ...parts, observe: told }, settings));
  }
  if (webhook) start("webhook", createWebhook(webhook, log), () => EVENT_TYPES);

  const consumersOf = (type: EventType): EventConsumer[] => [
    ...(webhook ? (["webhook"] as const) : []),
    ...(handlers.types().includes(type) ? (["app"] as const) : []),
  ];
  const recorder = createEventRecorder(consumersOf, (consumer) => {
    observe("queued");
    workers.get(consumer)?.notify();
  });

  return {
    recorder,
    on(type, handler) {
      const unsubscribe = handlers.on(type, handler);
      if (!workers.has("app")) start("app", handlers.transport, handlers.types);
      return unsubscribe;
    },
    consumers: () => [...workers.keys()],
    async stop() {
      await Promise.all(Array.from(workers.values(), (worker) => worker.stop()));
    },
  };
}
