import type { Response } from "express";
import type { Fault } from "../http/error-handler.ts";
import { languageOf } from "../http/language.ts";
import { describeRefusal } from "../http/refusals.ts";
import type { Refusal } from "../service/refusal.ts";
import { keepForHistory } from "./history.ts";
import { offerLanguagesInPlace } from "./language-switch.ts";
import { answerRefusal } from "./refusal-page.ts";

function render(res: Response, heading: string, detail: string) {
  res.type("html").render("pages/fault", {
    title: languageOf(res).text("fault.title", { title: heading }),
    heading,
    detail,
    requestId: res.locals["requestId"],
  });
}

/** Shows a refusal that comes before there is a form to show it in. */
export function showRefusal(res: Response, refusal: Refusal): void {
  const language = languageOf(res);
  answerRefusal(res, refusal);
  render(res, language.text(`refusal.${refusal.code}.title`), describeRefusal(refusal, language));
}

export function showFault(res: Response, { status, title, detail, headers }: Fault): void {
  offerLanguagesInPlace(res);
  render(keepForHistory(res).status(status).set(headers), title, detail);
}
