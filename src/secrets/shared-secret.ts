import { randomBytes } from "node:crypto";
import type { Knex } from "knex";

const BYTES = 32;

/** Reads a random key that all instances share by the database. The first instance creates it. */
export async function sharedSecret(db: Knex, name: string): Promise<Buffer> {
  await db("secrets")
    .insert({ name, value: randomBytes(BYTES) })
    .onConflict("name")
    .ignore();
  const { value } = await db("secrets").where({ name }).first("value");
  return Buffer.from(value);
}
