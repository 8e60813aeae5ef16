import { setTimeout } from "node:timers/promises";

/** Asks again until there is an answer. */
export async function waitFor<T>(ask: () => Promise<T | undefined>): Promise<T> {
  for (let tries = 0; tries < 600; tries += 1) {
    const answer = await ask();
    if (answer !== undefined) return answer;
    await setTimeout(50);
  }
  throw new Error("there was no answer for half a minute");
}
