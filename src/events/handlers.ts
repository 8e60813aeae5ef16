import type { Logger } from "pino";
import { EVENT_TYPES, type EventType } from "../models/outbox-event.ts";
import { NotSent } from "../outbox/not-sent.ts";
import { readableResponse } from "../outbox/response.ts";
import type { Transport } from "../outbox/transport.ts";
import type { EventHandler, ToldEvent } from "./event.ts";

/** Handlers that run at a time. */
const CONNECTIONS = 32;
const TIMEOUT_MS = 60_000;
const MAX_REASON_CHARACTERS = 200;

export type Handlers = {
  /** @returns a function that ends it. */
  on<T extends EventType>(type: T, handler: EventHandler<T>): () => void;
  /** The types that somebody listens for. */
  types(): EventType[];
  transport: Transport<ToldEvent>;
};

type AnyHandler = (event: ToldEvent) => unknown;

function late(milliseconds: number, stop: AbortSignal): Promise<never> {
  return new Promise((_resolve, reject) => {
    const timer = setTimeout(
      () => reject(new NotSent("transient", `A handler took longer than ${milliseconds / 1000} s.`)),
      milliseconds,
    ).unref();
    stop.addEventListener("abort", () => clearTimeout(timer), { once: true });
  });
}

/** Keeps the handlers of the app that Foyer is mounted in. One that throws, or takes too long, is called again later. */
export function createHandlers(log: Logger, timeoutMs = TIMEOUT_MS): Handlers {
  const handlers = new Map<EventType, Set<AnyHandler>>();

  async function call(event: ToldEvent, handler: AnyHandler): Promise<void> {
    const done = new AbortController();
    try {
      await Promise.race([Promise.resolve(event).then(handler), late(timeoutMs, done.signal)]);
    } catch (error) {
      log.error({ err: error, event: event.id, type: event.type }, "a handler of an event failed");
      const reason = error instanceof Error ? error.message : String(error);
      throw error instanceof NotSent
        ? error
        : new NotSent("transient", readableResponse(reason, MAX_REASON_CHARACTERS));
    } finally {
      done.abort();
    }
  }

  return {
    on(type, handler) {
      if (!EVENT_TYPES.includes(type)) throw new TypeError(`there is no event ${type}`);
      // One function may be registered twice.
      const own: AnyHandler = (event) => Reflect.apply(handler, undefined, [structuredClone(event)]);
      handlers.set(type, (handlers.get(type) ?? new Set()).add(own));
      return () => void handlers.get(type)?.delete(own);
    },
    types: () => [...handlers].filter(([, all]) => all.size > 0).map(([type]) => type),
    transport: {
      connections: CONNECTIONS,
      check: async () => {},
      async send(event) {
        const all = [...(handlers.get(event.type) ?? [])];
        if (all.length === 0) throw new NotSent("transient", "Nobody listens for it any more.");
        const called = await Promise.allSettled(all.map((handler) => call(event, handler)));
        for (const one of called) if (one.status === "rejected") throw one.reason;
      },
      close: () => {},
    },
  };
}
