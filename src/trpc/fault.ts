import { TRPC_ERROR_CODES_BY_KEY, type TRPCErrorResponse } from "@trpc/server/rpc";
import type { Response } from "express";
import type { Fault } from "../http/error-handler.ts";
import { languageOf } from "../http/language.ts";
import { describeRefusal, REFUSALS, refusalData, refusalHeaders } from "../http/refusals.ts";
import type { Refusal } from "../service/refusal.ts";

/** Answers a refusal that comes before tRPC as tRPC does, for all calls of a batch. */
export function sendTrpcRefusal(res: Response, refusal: Refusal): void {
  const { status, trpc: code } = REFUSALS[refusal.code];
  const language = languageOf(res);
  const data = { code, httpStatus: status, refusal: refusalData(refusal, language) };
  const message = describeRefusal(refusal, language);
  const envelope: TRPCErrorResponse = { error: { message, code: TRPC_ERROR_CODES_BY_KEY[code], data } };
  res.status(status).set(refusalHeaders(refusal)).json(envelope);
}

/** Answers a fault as tRPC does an error, which its clients take as that of every call of a batch. */
export function sendTrpcFault(res: Response, { status, detail, headers, trpc: code }: Fault): void {
  const envelope: TRPCErrorResponse = {
    error: { message: detail, code: TRPC_ERROR_CODES_BY_KEY[code], data: { code, httpStatus: status } },
  };
  res.status(status).set(headers).json(envelope);
}
