import type { Config } from "./environment.ts";
import { environment, parseConfig } from "./environment.ts";
import { StartError } from "./start-error.ts";

type Variable = keyof typeof environment.shape;

/** `PUBLIC_URL` is `publicUrl` in code. */
type InCode<Name extends string> = Name extends `${infer First}_${infer Rest}`
  ? `${Lowercase<First>}${Capitalize<InCode<Rest>>}`
  : Lowercase<Name>;

/** The settings by their names in code: `publicUrl` for `PUBLIC_URL`. README's table has them all. */
export type SettingsInCode = {
  [Name in Variable as InCode<Name>]?: string | number | boolean | readonly string[] | undefined;
};

function toVariable(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter}`).toUpperCase();
}

function toName(variable: string): string {
  return variable.toLowerCase().replaceAll(/_[a-z]/g, (part) => part.slice(1).toUpperCase());
}

function toText(value: unknown): string {
  if (typeof value === "boolean") return value ? "on" : "off";
  return Array.isArray(value) ? value.join(",") : String(value);
}

/** Has an error name settings as code does. */
export function inCode(error: unknown): unknown {
  if (!(error instanceof StartError)) return error;
  const name = (word: string) => (Object.hasOwn(environment.shape, word) ? toName(word) : word);
  return new StartError(error.message.replaceAll(/\b[A-Z][A-Z_]+\b/g, name));
}

/** Says that there is no such setting: also to whoever knows its variable, such as PUBLIC_URL, and not its name in code. */
function describeUnknown(name: string): string {
  const known = Object.hasOwn(environment.shape, name) ? `; in code it is ${toName(name)}` : "";
  return `${name}: there is no such setting${known}`;
}

/** Checks settings as those of the environment are. @throws StartError: a line for each wrong one, and for each unknown. */
export function parseSettings(settings: SettingsInCode): Config {
  const given = Object.entries(settings).filter(([, value]) => value !== undefined);
  const unknown = given.filter(([name]) => !Object.hasOwn(environment.shape, toVariable(name)));
  if (unknown.length > 0) throw new StartError(unknown.map(([name]) => describeUnknown(name)).join("\n"));
  try {
    return parseConfig(Object.fromEntries(given.map(([name, value]) => [toVariable(name), toText(value)])));
  } catch (error) {
    throw inCode(error);
  }
}
