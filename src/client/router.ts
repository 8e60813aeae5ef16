import type {
  AnyTRPCRouter,
  inferRouterInputs,
  inferRouterOutputs,
  TRPCMutationProcedure,
  TRPCQueryProcedure,
} from "@trpc/server";
import type { TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODE_NUMBER } from "@trpc/server/rpc";
import type { Contract } from "./contract.ts";

/**
 * What the server answers instead of a result. An interface, and exported, so that declarations of whoever returns a
 * call's promise can name it, and need no type of tRPC's server.
 */
export interface FoyerErrorShape {
  code: TRPC_ERROR_CODE_NUMBER;
  message: string;
  data: { code: TRPC_ERROR_CODE_KEY; httpStatus: number; path?: string; refusal: Contract["refusal"] | undefined };
}

type Description = { type: "query" | "mutation"; input: unknown; output: unknown };

type Definition<D extends Description> = {
  input: D["input"];
  output: D["output"];
  meta: object;
  errorShape: FoyerErrorShape;
};

type RecordOf<Descriptions> = {
  [Name in keyof Descriptions]: Descriptions[Name] extends Description
    ? Descriptions[Name]["type"] extends "query"
      ? TRPCQueryProcedure<Definition<Descriptions[Name]>>
      : TRPCMutationProcedure<Definition<Descriptions[Name]>>
    : RecordOf<Descriptions[Name]>;
};

type Procedures = RecordOf<Contract["procedures"]>;

type Types = { ctx: object; meta: object; errorShape: FoyerErrorShape; transformer: false };

type AnyDefinition = AnyTRPCRouter["_def"];

/**
 * Foyer's router, as tRPC's own types of clients take it. It is made of the installed tRPC's router, so that it fits
 * each 11.x, and has nothing of the server's context.
 */
export interface AppRouter extends Omit<AnyTRPCRouter, "_def"> {
  _def: Omit<AnyDefinition, "_config" | "procedures" | "record"> & {
    _config: Omit<AnyDefinition["_config"], "$types"> & { $types: Types };
    procedures: Procedures;
    record: Procedures;
  };
}

/** What each procedure takes: `RouterInputs["auth"]["signIn"]`. */
export type RouterInputs = inferRouterInputs<AppRouter>;

/** What each procedure answers: `RouterOutputs["auth"]["session"]`. */
export type RouterOutputs = inferRouterOutputs<AppRouter>;
