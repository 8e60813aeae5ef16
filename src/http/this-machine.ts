import { BlockList } from "node:net";
import type { Request, RequestHandler } from "express";
import createError from "http-errors";

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet("127.0.0.0", 8, "ipv4");
LOOPBACK.addAddress("::1", "ipv6");

const LOOPBACK_HOST = /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])(?::\d+)?$/i;

/** What proxies and those before them add, each product its own. */
const PROXY_HEADER =
  /^(?:x-forwarded(?:-.*)?|forwarded|via|x-real-ip|(?:x-)?(?:client|true-client|cluster-client|original-client)-ip|cf-.*|fastly-.*|x-envoy-.*|x-amzn-.*|x-original-.*|x-proxy.*)$/;

/**
 * Whether a program on this machine asks, and not somebody else by way of a proxy on it: whatever `TRUST_PROXY` makes
 * of the headers, the connection's own address counts. HTTP/1.0 is a sign of a proxy: nginx uses it by default, and no
 * browser does.
 */
export function isFromThisMachine({ socket, headers, httpVersion }: Request): boolean {
  const { remoteAddress = "" } = socket;
  const isLoopback = LOOPBACK.check(remoteAddress, remoteAddress.includes(":") ? "ipv6" : "ipv4");
  const isForwarded = Object.keys(headers).some((name) => PROXY_HEADER.test(name));
  // The Host header too, against DNS rebinding.
  return isLoopback && !isForwarded && httpVersion !== "1.0" && LOOPBACK_HOST.test(headers.host ?? "");
}

/** Answers 404 to everybody else. */
export const onlyThisMachine: RequestHandler = (req, _res, next) =>
  next(isFromThisMachine(req) ? undefined : createError(404));
