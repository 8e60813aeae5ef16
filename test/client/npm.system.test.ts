import { expect } from "chai";
import { type Consumer, installWithNpm, newConsumer } from "../support/consumer.ts";
import { startFoyer, type TestFoyer } from "../support/foyer.ts";

/** A frontend that uses all the types of the package. */
const PROGRAM = `
import { createTRPCClient, httpBatchLink, loggerLink } from "@trpc/client";
import type { inferRouterInputs, inferRouterOutputs } from "@trpc/server";
import {
  type AppRouter,
  createFoyerClient,
  type FoyerClient,
  type FoyerError,
  isFoyerError,
  type RouterInputs,
  type RouterOutputs,
  sessionCookieOf,
} from "foyer-client";

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const input: Same<RouterInputs["auth"]["register"], {
  email: string;
  password: string;
  termsVersion?: string | undefined;
}> = true;
const output: Same<RouterOutputs["auth"]["register"], { id: number; email: string }> = true;
export const inputs: Same<RouterInputs, inferRouterInputs<AppRouter>> = true;
export const outputs: Same<RouterOutputs, inferRouterOutputs<AppRouter>> = true;

type Refusal = NonNullable<NonNullable<FoyerError["data"]>["refusal"]>;

type Field = "email" | "password" | "newPassword" | "currentPassword" | "keep" | "as" | "scope" | "termsVersion";
type Session = RouterOutputs["auth"]["session"];
export const account: Same<NonNullable<Session["account"]>, {
  id: number;
  email: string;
  verified: boolean;
  deletesAt?: string | undefined;
  termsDue?: { url: string; version: string } | undefined;
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

/** What declarations must be able to name. */
export class Api {
  readonly foyer = createFoyerClient("");
  readonly own = createTRPCClient<AppRouter>({ links: [loggerLink(), httpBatchLink({ url: "/trpc" })] });
  signIn = (email: string) => this.foyer.auth.signIn.mutate({ email, password: "", as: "bearer" });
  codeOf = (error: unknown) => (isFoyerError(error) ? error.data?.refusal?.code : undefined);
}
export const kept: FoyerClient = new Api().own;

async function outcomeOf(call: () => Promise<unknown>) {
  try {
    return await call();
  } catch (error) {
    if (!isFoyerError(error)) throw error;
    const isBadRequest = error.data?.code === "BAD_REQUEST";
    const status: number | undefined = error.data?.httpStatus;
    // @ts-expect-error a code that neither tRPC nor Foyer has
    const isUnknown = error.data?.code === "email_taken";
    return [isBadRequest, isUnknown, status, error.data?.refusal && describe(error.data.refusal)];
  }
}

export async function main(url: string) {
  const foyer = createFoyerClient(url);
  const alice = { email: "alice@example.com", password: "secret123" };
  const { id, email } = await foyer.auth.register.mutate(alice);
  // @ts-expect-error an account without a password
  const seen: unknown[] = [input, output, id, email, typeof (() => foyer.auth.register.mutate({ email }))];
  for (const call of [
    () => foyer.auth.register.mutate(alice),
    () => foyer.auth.register.mutate({ email: "bob", password: "short" }),
    () => foyer.auth.verifyEmail.mutate({ code: "1234 5678" }),
    () => foyer.auth.verifyEmail.mutate({ token: "x" }),
    () => foyer.auth.signIn.mutate({ ...alice, password: "wrong horse battery" }),
    () => foyer.auth.signIn.mutate({ ...alice, as: "bearer" }),
    () => foyer.auth.sessions.query(),
  ])
    seen.push(await outcomeOf(call));
  const headers = { cookie: sessionCookieOf("foyer-session=x") };
  const session: Session = await createFoyerClient(url, { headers }).auth.session.query();
  const byToken = await createFoyerClient({ url: new URL(url), token: "x" }).auth.session.query();
  return [...seen, session.account, byToken.session];
}
`;

const PROJECT = {
  compilerOptions: {
    target: "es2022",
    lib: ["es2022", "dom"],
    types: [],
    strict: true,
    declaration: true,
    outDir: "out",
  },
  files: ["frontend.ts"],
};

/** As package managers name two versions of one package. */
const COMPILERS = { "5.9": "typescript-5", "7": "typescript" };

const RESOLUTIONS = {
  bundler: ["--module", "esnext", "--moduleResolution", "bundler"],
  node16: ["--module", "node16"],
  nodenext: ["--module", "nodenext"],
};

const SCRIPT = `
const { createFoyerClient, isFoyerError } = require("foyer-client");
createFoyerClient(process.argv[2]).auth.sessions.query().catch((error) => {
  console.log(isFoyerError(error), error.data.refusal.code);
});
`;

const EXPECTED = [
  ...[true, true, 1, "alice@example.com", "function"],
  [true, false, 400, "email_taken"],
  [
    true,
    false,
    400,
    "email: Enter an email address with an @, like name@example.com. " +
      "password: Use at least 8 characters; this password has 5.",
  ],
  [true, false, 400, "0 left"],
  [false, false, 404, "token_unknown"],
  [false, false, 401, "invalid_credentials"],
  [false, false, 403, "email_not_verified"],
  [false, false, 401, "not_signed_in"],
  ...[null, null],
];

describe("the client's package, installed with npm", function () {
  this.timeout(180_000);
  let foyer: TestFoyer;
  let consumer: Consumer;
  before(async () => {
    foyer = await startFoyer();
    const made = await newConsumer({ "frontend.ts": PROGRAM, "tsconfig.json": PROJECT, "script.cjs": SCRIPT });
    consumer = made;
    await installWithNpm(made, "typescript@7", "typescript-5@npm:typescript@5.9");
  });
  after(async () => {
    await foyer.stop();
    await consumer?.remove();
  });

  for (const [version, name] of Object.entries(COMPILERS)) {
    for (const [resolution, flags] of Object.entries(RESOLUTIONS)) {
      it(`type-checks with TypeScript ${version} and ${resolution}, all libraries checked, and declares itself`, () =>
        consumer.node(`node_modules/${name}/bin/tsc`, "--skipLibCheck", "false", ...flags));
    }
  }

  it("runs in Node, and a switch over the codes of a refusal is exhaustive", async () => {
    const program = `import { main } from "./out/frontend.js"; console.log(JSON.stringify(await main("${foyer.url}")));`;
    expect(JSON.parse(await consumer.node("--input-type=module", "--eval", program))).to.deep.equal(EXPECTED);
  });

  it("runs in a CommonJS script", async () => {
    expect(await consumer.node("script.cjs", foyer.url)).to.equal("true not_signed_in\n");
  });
});
