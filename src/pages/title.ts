import type { Response } from "express";
import { languageOf } from "../http/language.ts";
import type { MessageKey } from "../language/message.ts";
import type { PageRefusal } from "./refusal-page.ts";

/** The title of a page with a form. It begins with "Error" after a refusal, because screen readers read it first. */
export function pageTitle(res: Response, key: MessageKey, refusal: PageRefusal | undefined): string {
  const language = languageOf(res);
  const title = language.text(key);
  return refusal ? language.text("form.title", { title }) : title;
}
