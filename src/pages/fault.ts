import type { Response } from "express";
import type { Fault } from "../http/fault.ts";
import { keepForHistory } from "./history.ts";

/** Shows a fault as a page in the style of the others. */
export function showFault(res: Response, { status, title, detail, headers }: Fault): void {
  keepForHistory(res).status(status).set(headers).type("html");
  res.render("pages/fault", { title: `Error: ${title.toLowerCase()}`, heading: title, detail, requestId: res.locals["requestId"] });
}
