import type { RequestListener } from "node:http";

/** As in Apache and Tomcat. Not a multiple of 32: Node drops the rest by as many, and one more must be left to tell. */
export const MOST_HEADERS = 100;

/**
 * Refuses a request with more header fields with 431. Node would take 2,000 and pass over the rest in silence, such as
 * the address that a proxy adds at the end; and each takes many times its bytes of memory.
 */
export function boundHeaders(work: RequestListener): RequestListener {
  return (req, res) => {
    if (req.rawHeaders.length <= 2 * MOST_HEADERS) work(req, res);
    else if (res.socket) res.writeHead(431, { Connection: "close" }).end();
    // Behind other requests it does not wait: each would take long to read.
    else req.socket.destroy();
  };
}
