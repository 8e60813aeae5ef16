export type Alarm = {
  /** Ends the sleep, or the next one where nobody sleeps now. */
  wake(): void;
  sleep(milliseconds: number): Promise<void>;
};

/** A sleep that can be cut short. It leaves no timer behind that keeps the process alive. */
export function createAlarm(): Alarm {
  let isAwake = false;
  let end = () => {};
  return {
    wake() {
      isAwake = true;
      end();
    },
    async sleep(milliseconds) {
      if (!isAwake) {
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, milliseconds).unref();
          end = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      }
      isAwake = false;
    },
  };
}
