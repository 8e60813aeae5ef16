const MILLISECONDS = 1000;

/** Lets all who ask share one answer, until a second after it came. `ask` must not reject. */
export function cached<T>(ask: () => Promise<T>): () => Promise<T> {
  let answer: Promise<T> | undefined;
  const forget = () => {
    answer = undefined;
  };
  return () => {
    if (answer) return answer;
    answer = ask();
    void answer.then(() => setTimeout(forget, MILLISECONDS).unref());
    return answer;
  };
}
