import { TRPC_ERROR_CODES_BY_KEY, type TRPCErrorResponse } from "@trpc/server/rpc";
import type { Response } from "express";
import type { Fault } from "../http/error-handler.ts";

/** Answers a fault as tRPC does an error, which its clients take as that of every call of a batch. */
export function sendTrpcFault(res: Response, { status, detail, headers, trpc: code }: Fault): void {
  const envelope: TRPCErrorResponse = {
    error: { message: detail, code: TRPC_ERROR_CODES_BY_KEY[code], data: { code, httpStatus: status } },
  };
  res.status(status).set(headers).json(envelope);
}
