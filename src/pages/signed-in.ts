import type { Request, RequestHandler, Response } from "express";
import createError from "http-errors";
import { callerOf } from "../http/caller.ts";
import type { MessageKey } from "../language/message.ts";
import { ok } from "../result.ts";
import type { Caller } from "../service/caller.ts";
import { readableAddress } from "../service/identity/email-address.ts";
import type { Terms } from "../service/identity/terms.ts";
import type { Procedures } from "../service/procedures.ts";
import type { Result } from "../service/refusal.ts";
import { showRefusal } from "./fault.ts";
import type { FormTokens, SessionForm } from "./form-token.ts";
import { goTo, goToSignIn } from "./go-to.ts";

export type AccountPage = { procedures: Procedures; formTokens: FormTokens };

/** Where whoever signed in to an account that is to be deleted is asked whether to keep it. */
export const KEEP = "/account/keep";

/** Where whoever is to agree to terms does so. */
export const TERMS = "/account/terms";

export type SignedIn = {
  handle: string;
  email: string;
  deletesAt?: string | undefined;
  termsDue?: Terms | undefined;
};

/** Who is signed in, if anybody. */
export async function findSignedIn({ session }: Procedures, caller: Caller): Promise<Result<SignedIn | undefined>> {
  const current = await session.run(undefined, caller);
  if (!current.ok) return current;
  const { session: signedIn, account } = current.value;
  if (!signedIn) return ok(undefined);
  const { email, deletesAt, termsDue } = account;
  return ok({ handle: signedIn.handle, email, deletesAt, termsDue });
}

type Visit = { req: Request; res: Response; caller: Caller; signedIn: SignedIn };

/** A page for whoever is signed in. All others are sent to sign in, and back to `path`. */
export function forSignedIn(
  { procedures }: Pick<AccountPage, "procedures">,
  path: string,
  show: (visit: Visit) => void | Promise<void>,
): RequestHandler {
  return async (req, res) => {
    const caller = callerOf(req, res);
    const signedIn = await findSignedIn(procedures, caller);
    if (!signedIn.ok) return showRefusal(res, signedIn.error);
    if (!signedIn.value) return goToSignIn(res, path);
    // Before anything else; and then whoever asked to have it deleted decides.
    if (path !== TERMS && signedIn.value.termsDue) return goTo(res, TERMS);
    if (path !== TERMS && path !== KEEP && signedIn.value.deletesAt) return goTo(res, KEEP);
    await show({ req, res, caller, signedIn: signedIn.value });
  };
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
