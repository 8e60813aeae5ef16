import type { User } from "../../src/models/user.ts";
import { emailsTo, type ReadEmail } from "./emails.ts";
import type { TestFoyer } from "./foyer.ts";

let count = 0;

/** An address that no other test has. */
export function newAddress(): string {
  count += 1;
  return `n${count}@example.com`;
}

/** Registers an address, and waits for its email. */
export async function signUp(foyer: TestFoyer, address = newAddress()): Promise<ReadEmail & { address: string }> {
  await foyer.register(address);
  const [email] = await emailsTo(foyer, address);
  return { address, ...email };
}

/** The account of an address, which has to be there. */
export async function accountOf(foyer: TestFoyer, address: string): Promise<User> {
  const user = (await foyer.users()).find(({ email }) => email === address);
  if (!user) throw new Error(`no account of ${address}`);
  return user;
}
