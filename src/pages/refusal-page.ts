import type { Response } from "express";
import { languageOf } from "../http/language.ts";
import { describeRefusal, REFUSALS, refusalData, refusalHeaders } from "../http/refusals.ts";
import type { Language } from "../language/language.ts";
import type { Refusal } from "../service/refusal.ts";
import { keepForHistory } from "./history.ts";

export type PageRefusal = {
  fields: { field: string; message: string }[];
  /** What concerns no one field, and its heading where that says more than that there is a problem. */
  notice?: string;
  heading?: string;
};

/** A page says more than the contract's fixed words for a duplicate. */
function sentence(refusal: Refusal, language: Language): string {
  if (refusal.code !== "email_taken") return describeRefusal(refusal, language);
  return language.text(refusal.emailSent ? "registration.taken_email_sent" : "registration.taken");
}

function pageRefusal(refusal: Refusal, language: Language): PageRefusal {
  const data = refusalData(refusal, language);
  if (data.code === "invalid_input") return { fields: data.fields };
  const { field } = REFUSALS[refusal.code];
  const message = sentence(refusal, language);
  return field ? { fields: [{ field, message }] } : { fields: [], notice: message };
}

/** Sets the status and headers of a refusal. @returns what the page must show. */
export function answerRefusal(res: Response, refusal: Refusal): PageRefusal {
  keepForHistory(res).status(REFUSALS[refusal.code].status).set(refusalHeaders(refusal));
  return pageRefusal(refusal, languageOf(res));
}

export function fieldError(field: string, refusal: PageRefusal | undefined): string | undefined {
  return refusal?.fields.find((error) => error.field === field)?.message;
}

/**
 * Explains what was refused of a form that asks for the password of whoever is signed in. Who that is is known, so that the
 * field may be named. @param field the password's.
 */
export function explainOwnPassword(res: Response, refused: Refusal, field: string): PageRefusal {
  const refusal = answerRefusal(res, refused);
  // The back button shows no private page, and whoever goes back to this one is asked for the passwords again.
  res.set("Cache-Control", "no-store");
  if (refused.code !== "invalid_credentials") return refusal;
  return { fields: [{ field, message: languageOf(res).text("change_password.wrong") }] };
}
