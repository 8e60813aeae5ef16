import type { Response } from "express";
import type { Fault } from "../http/error-handler.ts";
import { languageOf } from "../http/language.ts";
import { keepForHistory } from "./history.ts";

export function showFault(res: Response, { status, title, detail, headers }: Fault): void {
  keepForHistory(res).status(status).set(headers).type("html");
  res.render("pages/fault", {
    title: languageOf(res).text("fault.title", { title: title.toLowerCase() }),
    heading: title,
    detail,
    requestId: res.locals["requestId"],
  });
}
