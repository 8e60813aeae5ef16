import type { AppRouter as ServerRouter } from "../trpc/router.ts";

/**
 * The same type with each name in it replaced by what it stands for. Declarations of what is inferred to be of it are
 * therefore complete by themselves, and the client's package needs none of the server's.
 */
type Plain<T> = T extends object ? (T extends infer Whole ? { [Key in keyof Whole]: Plain<Whole[Key]> } : never) : T;

type Described<P> = P extends { _def: { type: infer Type; $types: { input: infer Input; output: infer Output } } }
  ? { type: Type; input: Input; output: Output }
  : { [Name in keyof P]: Described<P[Name]> };

type Server = ServerRouter["_def"];

type Refusal = NonNullable<Server["_config"]["$types"]["errorShape"]["data"]["refusal"]>;

declare const plain: <T>() => Plain<T>;

/** Never called. The build of the client's package takes its declaration, in which the compiler has spelled out all. */
export const spellOut = () => ({ procedures: plain<Described<Server["record"]>>(), refusal: plain<Refusal>() });

/** What client and server agree on: each procedure's type, input and output, and the refusals. */
export type Contract = ReturnType<typeof spellOut>;
