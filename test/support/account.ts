import { PASSWORD, type TestFoyer } from "./foyer.ts";
import { newAddress, signUp } from "./sign-up.ts";

/** Registers and verifies an account. */
export async function newAccount(foyer: TestFoyer, address = newAddress()): Promise<{ id: number; email: string }> {
  const { token } = await signUp(foyer, address);
  return (await foyer.verify(token)).body;
}

/** A cookie that an answer sets, as the browser sends it back: `name=value`; "" where it sets none, or deletes it. */
export function cookieOf(answer: { headers: Record<string, unknown> }, name = "foyer-session"): string {
  const all = [answer.headers["set-cookie"] ?? []].flat().map((cookie) => String(cookie).split(";")[0] ?? "");
  return all.find((cookie) => cookie.startsWith(`${name}=`) && cookie !== `${name}=`) ?? "";
}

export type SignedIn = { id: number; email: string; cookie: string; known: string };

/** Signs in by JSON as a browser does. @returns the account and the browser's cookies. */
export async function signIn(foyer: TestFoyer, email: string, others: object = {}): Promise<SignedIn> {
  const answer = await foyer.http.post("/sign-in").send({ email, password: PASSWORD, ...others });
  if (answer.status !== 200) throw new Error(`signing in: ${answer.status} ${answer.text}`);
  const { id } = answer.body;
  return { id, email, cookie: cookieOf(answer), known: cookieOf(answer, "foyer-known") };
}

/** A new account, signed in. */
export async function newSignedIn(foyer: TestFoyer, others: object = {}): Promise<SignedIn> {
  const { email } = await newAccount(foyer);
  return signIn(foyer, email, others);
}

/** Who is signed in with some cookies, at an instance. */
export async function whoIs({ http }: Pick<TestFoyer, "http">, cookie: string): Promise<string | undefined> {
  const { body } = await http.get("/session").set("Cookie", cookie);
  return body.account?.email;
}

/** What a sign-in with an address and a password is answered. */
export async function signInStatus({ http }: Pick<TestFoyer, "http">, email: string, password = PASSWORD) {
  return (await http.post("/sign-in").send({ email, password })).status;
}
