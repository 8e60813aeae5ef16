import { type TRPC_ERROR_CODE_KEY, TRPC_ERROR_CODES_BY_KEY, type TRPCErrorResponse } from "@trpc/server/rpc";
import type { Response } from "express";
import type { Fault } from "../http/fault.ts";

/** tRPC's names of the statuses with which a request can fail before tRPC has it. */
const CODES: Record<number, TRPC_ERROR_CODE_KEY> = {
  400: "BAD_REQUEST",
  403: "FORBIDDEN",
  404: "NOT_FOUND",
  405: "METHOD_NOT_SUPPORTED",
  413: "PAYLOAD_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
};

/** Answers a fault as tRPC does an error, which its clients take as that of every call of a batch. */
export function sendTrpcFault(res: Response, { status, detail, headers }: Fault): void {
  const code = CODES[status] ?? (status < 500 ? "BAD_REQUEST" : "INTERNAL_SERVER_ERROR");
  const envelope: TRPCErrorResponse = {
    error: { message: detail, code: TRPC_ERROR_CODES_BY_KEY[code], data: { code, httpStatus: status } },
  };
  res.status(status).set(headers).json(envelope);
}
