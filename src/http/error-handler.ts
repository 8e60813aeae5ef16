import { STATUS_CODES } from "node:http";
import type { TRPC_ERROR_CODE_KEY } from "@trpc/server/rpc";
import type { ErrorRequestHandler, Request, Response } from "express";
import createError, { isHttpError } from "http-errors";
import { isMessageKey, type Language } from "../language/language.ts";
import type { MessageKey } from "../language/message.ts";
import { languageOf } from "./language.ts";

/** What went wrong before or beside the service. Its words repeat nothing that the client sent. */
export type Fault = {
  status: number;
  title: string;
  detail: string;
  /** For programs: the status in words. */
  code: string;
  headers: Record<string, string>;
  trpc: TRPC_ERROR_CODE_KEY;
};

type Row = { title: MessageKey; detail: MessageKey; trpc: TRPC_ERROR_CODE_KEY };

const FAULTS: Record<number, Row> = {
  400: { title: "fault.400.title", detail: "fault.400", trpc: "BAD_REQUEST" },
  403: { title: "fault.403.title", detail: "fault.403", trpc: "FORBIDDEN" },
  404: { title: "fault.404.title", detail: "fault.404", trpc: "NOT_FOUND" },
  405: { title: "fault.405.title", detail: "fault.405", trpc: "METHOD_NOT_SUPPORTED" },
  413: { title: "fault.413.title", detail: "fault.413", trpc: "PAYLOAD_TOO_LARGE" },
  415: { title: "fault.415.title", detail: "fault.415", trpc: "UNSUPPORTED_MEDIA_TYPE" },
  500: { title: "fault.500.title", detail: "fault.500", trpc: "INTERNAL_SERVER_ERROR" },
};
const OTHER: Row = { title: "fault.other.title", detail: "fault.other", trpc: "BAD_REQUEST" };

/** The faults that every JSON route may answer with before its procedure runs, and the documentation's words. */
export const REQUEST_FAULTS = [
  [400, "openapi.fault.400"],
  [403, "openapi.fault.403"],
  [413, "openapi.fault.413"],
  [415, "openapi.fault.415"],
  [429, "openapi.fault.429"],
] as const satisfies [status: number, description: MessageKey][];

/** Express's own error of a path that cannot be decoded has a status, but is none of its HTTP errors, and quotes the path. */
function isOfPath(error: unknown): boolean {
  return error instanceof URIError && "status" in error && error.status === 400;
}

/** What is told of an error: all but client errors are a 500. */
export function toFault(error: unknown, language: Language): Fault {
  const known = isHttpError(error) && error.expose ? error : createError(isOfPath(error) ? 400 : 500);
  const { title, detail, trpc } = FAULTS[known.status] ?? OTHER;
  const { heading, detail: special } = known;
  const isKey = (named: unknown) => typeof named === "string" && isMessageKey(named);
  return {
    status: known.status,
    title: language.text(isKey(heading) ? heading : title),
    detail: language.text(isKey(special) ? special : detail),
    code: (STATUS_CODES[known.status] ?? "Error").toLowerCase().replaceAll(/[^a-z]+/g, "_"),
    headers: known.headers ?? {},
    trpc,
  };
}

/** Takes all faults, and has each written in the form that the client reads. All but client errors are a 500. */
export function errorHandler(answer: (req: Request, res: Response, fault: Fault) => void): ErrorRequestHandler {
  return (error, req, res, next) => {
    const fault = toFault(error, languageOf(res));
    if (fault.status >= 500) res.locals["fault"] = error;
    if (res.headersSent) return next(error);
    return answer(req, res, fault);
  };
}
