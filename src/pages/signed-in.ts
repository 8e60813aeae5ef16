import type { Request } from "express";
import createError from "http-errors";
import type { MessageKey } from "../language/message.ts";
import { ok } from "../result.ts";
import type { Caller } from "../service/caller.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Result } from "../service/refusal.ts";
import type { FormTokens, SessionForm } from "./form-token.ts";

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
    scripts: ["private.js"],
    address: readableAddress(email),
    signOutToken: formTokens.of(handle, "/sign-out"),
  };
}

/** @throws 403 for a form that was shown in another session. */
export function requireOwnForm(
  { formTokens }: AccountPage,
  { body }: Request,
  { handle }: SignedIn,
  form: SessionForm,
) {
  if (formTokens.isOf(body.form, handle, form)) return;
  const heading = "form.stale.title" satisfies MessageKey;
  throw createError(403, { heading, detail: "form.stale" satisfies MessageKey });
}
