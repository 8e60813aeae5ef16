import { execFile } from "node:child_process";
import { mkdtemp, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect } from "chai";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

const run = promisify(execFile);
const ROOT = join(import.meta.dirname, "../..");

/** A frontend of someone else's: it knows the package by name and nothing of this tree. */
const PROGRAM = `
import { type AppRouter, createFoyerClient, type FoyerError, isFoyerError, sessionCookieOf } from "foyer/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
type Input = inferRouterInputs<AppRouter>["auth"]["register"];
type Output = inferRouterOutputs<AppRouter>["auth"]["register"];
const input: Same<Input, { email: string; password: string }> = true;
const output: Same<Output, { id: number; email: string }> = true;

type Refusal = NonNullable<NonNullable<FoyerError["data"]>["refusal"]>;

type Field = "email" | "password" | "newPassword" | "currentPassword" | "keep" | "as" | "scope";
type Session = inferRouterOutputs<AppRouter>["auth"]["session"];
const account: Same<NonNullable<Session["account"]>, {
  id: number;
  email: string;
  verified: boolean;
  deletesAt?: string | undefined;
}> = true;

/** Does not compile once there is a code that it does not name. */
function describe(refusal: Refusal): string {
  switch (refusal.code) {
    case "invalid_input":
      return refusal.fields.map(({ field, message }: { field: Field; message: string }) => field + ": " + message).join(" ");
    case "code_refused":
    case "password_required":
      return refusal.triesLeft === undefined ? refusal.code : refusal.triesLeft + " left";
    case "rate_limited":
    case "busy":
    case "unavailable":
      return "again in " + refusal.retryAfterSeconds.toFixed();
    case "reauthentication_required":
      return "by " + refusal.methods.join(" or ");
    case "email_taken":
    case "token_unknown":
    case "token_expired":
    case "token_used":
    case "registration_closed":
    case "invalid_credentials":
    case "email_not_verified":
    case "not_signed_in":
    case "session_unknown":
      return refusal.code;
    default:
      return refusal satisfies never;
  }
}

function describeMost(refusal: Refusal) {
  switch (refusal.code) {
    case "invalid_input":
    case "email_taken":
      return refusal.code;
    default:
      // @ts-expect-error most codes are not named above
      return refusal satisfies never;
  }
}

// @ts-expect-error only some refusals have a time to wait
const wait = (refusal: Refusal) => refusal.retryAfterSeconds;

const foyer = createFoyerClient(process.argv[2] ?? "");
const alice = { email: "alice@example.com", password: "secret123" };
const { id, email } = await foyer.auth.register.mutate(alice);
// @ts-expect-error an account without a password
const seen: unknown[] = [input, output, account, id, email, typeof (() => foyer.auth.register.mutate({ email }))];
for (const call of [
  () => foyer.auth.register.mutate(alice),
  () => foyer.auth.register.mutate({ email: "bob", password: "short" }),
  () => foyer.auth.verifyEmail.mutate({ code: "1234 5678" }),
  () => foyer.auth.verifyEmail.mutate({ token: "x" }),
  () => foyer.auth.signIn.mutate({ ...alice, password: "wrong horse battery" }),
  () => foyer.auth.signIn.mutate({ ...alice, as: "bearer" }),
  () => foyer.auth.sessions.query(),
]) {
  try {
    await call();
  } catch (error) {
    if (!isFoyerError(error)) throw error;
    const isBadRequest = error.data?.code === "BAD_REQUEST";
    const status: number | undefined = error.data?.httpStatus;
    // @ts-expect-error a code that neither tRPC nor Foyer has
    const isUnknown = error.data?.code === "email_taken";
    seen.push([isBadRequest, isUnknown, status, error.data?.refusal && describe(error.data.refusal)]);
  }
}
const forBrowser = createFoyerClient(process.argv[2] ?? "", { headers: { cookie: sessionCookieOf("foyer-session=x") } });
const session: Session = await forBrowser.auth.session.query();
const byToken = await createFoyerClient(process.argv[2] ?? "", { token: "x" }).auth.session.query();
console.log(JSON.stringify([...seen, session.account, byToken.session]));
`;

const TSCONFIG = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2022", "dom"],
    module: "nodenext",
    strict: true,
    noEmit: true,
    types: ["node"],
  },
  files: ["frontend.ts"],
};

describe("the package, installed by a frontend", function () {
  this.timeout(180_000);
  let foyer: TestFoyer;
  let folder: string;
  before(async () => {
    foyer = await startFoyer();
    folder = await mkdtemp(join(tmpdir(), "foyer-frontend-"));
  });
  after(async () => {
    await foyer.stop();
    await rm(folder, { recursive: true });
  });

  it("type-checks and runs, and a switch over the codes of a refusal is exhaustive", async () => {
    await run("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: ROOT });
    const [tarball = ""] = await readdir(folder);
    await writeFile(join(folder, "package.json"), JSON.stringify({ type: "module", private: true }));
    await writeFile(join(folder, "frontend.ts"), PROGRAM);
    await writeFile(join(folder, "tsconfig.json"), JSON.stringify(TSCONFIG));
    const packages = [tarball, "typescript@7", "@types/node@20", "tsx@4"];
    await run("npm", ["install", "--ignore-scripts", "--prefer-offline", "--no-audit", "--no-fund", ...packages], {
      cwd: folder,
    });
    await run(process.execPath, ["node_modules/typescript/bin/tsc"], { cwd: folder }).catch(({ stdout }) =>
      expect.fail(stdout),
    );
    const { stdout } = await run(process.execPath, ["--import", "tsx", "frontend.ts", foyer.url], { cwd: folder });
    expect(JSON.parse(stdout)).to.deep.equal([
      ...[true, true, true, 1, "alice@example.com", "function"],
      [true, false, 400, "email_taken"],
      [
        true,
        false,
        400,
        "email: Enter an email address with an @, as in name@example.com. " +
          "password: Use at least 8 characters; this password has 5.",
      ],
      [true, false, 400, "0 left"],
      [false, false, 404, "token_unknown"],
      [false, false, 401, "invalid_credentials"],
      [false, false, 403, "email_not_verified"],
      [false, false, 401, "not_signed_in"],
      ...[null, null],
    ]);
  });
});
