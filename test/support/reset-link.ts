import { readMailbox } from "./emails.ts";
import type { TestFoyer } from "./foyer.ts";
import { waitFor } from "./wait-for.ts";

/** Asks for a link that sets a password, and reads its token in the email. */
export async function newResetToken(foyer: TestFoyer, email: string): Promise<string> {
  const before = (await readMailbox(foyer, email)).length;
  await foyer.http.post("/reset").send({ email });
  return waitFor(async () => {
    const all = await readMailbox(foyer, email);
    const [latest] = all.length > before ? all : [];
    return /\/reset\?token=([\w-]{43})$/m.exec(latest?.text ?? "")?.[1];
  });
}
