import { z } from "zod";

const URL_EXPECTED = "expected the address that events are posted to, such as https://app.example.com/foyer-events";

export const webhookUrl = z
  .url({ protocol: /^https?$/, error: URL_EXPECTED })
  .transform((url) => new URL(url))
  .refine(({ username, password }) => username + password === "", "expected an address without a password in it")
  .refine(({ hash }) => hash === "", URL_EXPECTED);

/** As the Standard Webhooks specification has it. */
const SECRET = /^whsec_((?:[A-Za-z\d+/]{4})*(?:[A-Za-z\d+/]{2}==|[A-Za-z\d+/]{3}=)?)$/;
const [MIN_BYTES, MAX_BYTES] = [24, 64];

export const webhookSecret = z.string().refine((secret) => {
  const { length } = Buffer.from(SECRET.exec(secret)?.[1] ?? "", "base64");
  return length >= MIN_BYTES && length <= MAX_BYTES;
}, `expected whsec_ and ${MIN_BYTES} to ${MAX_BYTES} random bytes in base64, and where two are to count, both with a comma between`);
