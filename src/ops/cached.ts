/** Lets all who ask share one answer, until some ms after it came, by default a second. `ask` must not reject. */
export function cached<T>(ask: () => Promise<T>, milliseconds = 1000): () => Promise<T> {
  let answer: Promise<T> | undefined;
  const forget = () => {
    answer = undefined;
  };
  return () => {
    if (answer) return answer;
    answer = ask();
    void answer.then(() => setTimeout(forget, milliseconds).unref());
    return answer;
  };
}
