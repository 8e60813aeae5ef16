import { STATUS_CODES } from "node:http";
import createError, { isHttpError } from "http-errors";

/** What went wrong before or beside the service, in words that hold nothing of what was sent. */
export type Fault = { status: number; title: string; detail: string; headers: Record<string, string> };

const DETAILS: Record<number, string> = {
  400: "The request could not be read. Check that its body is valid and complete.",
  403: "Your browser says that a page of another origin sent this. Send it from a page of this site, or from a program that is no browser.",
  404: "There is nothing at this address.",
  405: "This address does not take that method; the Allow header lists those that it takes.",
  413: "The request is larger than 16 KiB, which no registration needs.",
  415: "Send application/json, or application/x-www-form-urlencoded as a form does, in UTF-8.",
  500: "Something went wrong on our side. Nothing you sent is to blame; try again later.",
};

/** Tells what to answer to an error that reached the end of the line: a client's status as it is, anything else as 500. */
export function faultOf(error: unknown): Fault {
  const known = isHttpError(error) && error.expose ? error : createError(500);
  return {
    status: known.status,
    title: STATUS_CODES[known.status] ?? "Error",
    detail: DETAILS[known.status] ?? "The request could not be served as it is.",
    headers: known.headers ?? {},
  };
}
