import { z } from "zod";
import { createKeyedMutex } from "../../admission/keyed-mutex.ts";
import { type ProcedureDeps, procedure } from "../procedure.ts";
import { signedInAccount } from "../sessions/input.ts";
import { type DeleteDeps, deleteAccount } from "./delete.ts";
import { type ExportDeps, exportAccount } from "./export.ts";
import { deleteInput, deleteOutput, exportOutput } from "./input.ts";
import { type KeepDeps, keepAccount } from "./keep.ts";

export type AccountParts = DeleteDeps & KeepDeps & ProcedureDeps;

export function accountProcedures(deps: AccountParts) {
  const mutex: ExportDeps["mutex"] = createKeyedMutex();
  return {
    exportAccount: procedure(deps, {
      name: "auth.exportAccount",
      type: "query",
      path: "/account/export",
      summary: "All that is kept of the account",
      input: z.void(),
      output: exportOutput,
      success: { status: 200, description: "The account, its sessions, and what else is of its owner." },
      refusals: ["not_signed_in", "rate_limited"],
      run: (_input, caller) => exportAccount({ ...deps, mutex }, caller),
    }),
    deleteAccount: procedure(deps, {
      name: "auth.deleteAccount",
      type: "mutation",
      path: "/account/delete",
      summary: "Have the account deleted",
      input: deleteInput,
      output: deleteOutput,
      success: { status: 202, description: "All sessions have ended. Until then, signing in lets its owner keep it." },
      refusals: [
        ...(["not_signed_in", "reauthentication_required", "invalid_input"] as const),
        ...(["invalid_credentials", "rate_limited", "busy"] as const),
      ],
      sets: "sessionCookie",
      run: (input, caller) => deleteAccount(deps, input, caller),
    }),
    keepAccount: procedure(deps, {
      name: "auth.keepAccount",
      type: "mutation",
      path: "/account/keep",
      summary: "Keep the account that was to be deleted",
      input: z.object({}),
      output: signedInAccount,
      success: { status: 200, description: "It stays." },
      refusals: ["not_signed_in"],
      run: (_input, caller) => keepAccount(deps, caller),
    }),
  };
}
