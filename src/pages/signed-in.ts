import { ok } from "../result.ts";
import type { Caller } from "../service/caller.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Result } from "../service/refusal.ts";
import type { FormTokens } from "./form-token.ts";

export type AccountPage = { procedures: Procedures; formTokens: FormTokens };

export type SignedIn = { handle: string; email: string };

/** Who is signed in, if anybody. */
export async function findSignedIn({ session }: Procedures, caller: Caller): Promise<Result<SignedIn | undefined>> {
  const current = await session.run(undefined, caller);
  if (!current.ok) return current;
  const { value } = current;
  return ok(value.session ? { handle: value.session.handle, email: value.account.email } : undefined);
}

/** What a private page has: a script that has the back button ask again, and the form in its head that signs out. */
export function privatePage({ formTokens }: AccountPage, { email, handle }: SignedIn) {
  return {
    script: "private.js",
    address: readableAddress(email),
    signOutToken: formTokens.of(handle, "/sign-out"),
  };
}
