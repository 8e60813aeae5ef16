import type { Response } from "express";

/**
 * Holds an answer back until it is whole. tRPC streams the answers of a batch as they come, and the head, which has the
 * cookies that they set, would leave before the first.
 */
export function holdUntilWhole(res: Response): void {
  const { write, end } = res;
  const chunks: unknown[] = [];
  res.write = (chunk: unknown) => {
    chunks.push(chunk);
    return true;
  };
  res.end = (...last: unknown[]) => {
    Object.assign(res, { write, end });
    for (const chunk of chunks) res.write(chunk);
    return Reflect.apply(end, res, last);
  };
}
