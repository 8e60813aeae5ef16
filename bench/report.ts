import { writeFile } from "node:fs/promises";
import { config, options } from "./settings.ts";

export type Row = { what: string; ratio: number | string; raw: string };

const rows: Row[] = [];

export const round = (n: number, digits = 2) => Number(n.toFixed(digits));

export function mean(numbers: number[]): number {
  return numbers.reduce((sum, n) => sum + n, 0) / numbers.length;
}

/** Shows a figure at once, and keeps it for `finish`. */
export function report(row: Row): void {
  rows.push(row);
  process.stderr.write(`  ${row.what}: ${row.ratio} (${row.raw})\n`);
}

/** Writes all figures as a table, and as JSON where that was asked for. @param database its kind. */
export async function finish(database: string): Promise<void> {
  const lines = rows.map(({ what, ratio, raw }) => `| ${what} | ${ratio} | ${raw} |\n`);
  process.stdout.write(`| | ratio | measured |\n|---|---|---|\n${lines.join("")}`);
  if (options.json)
    await writeFile(options.json, `${JSON.stringify({ database, cost: config.bcryptCost, rows }, null, 2)}\n`);
}
