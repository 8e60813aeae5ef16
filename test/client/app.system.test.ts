import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect } from "chai";
import { newAccount } from "../support/account.ts";
import { openPage, startBrowser } from "../support/browser.ts";
import { type Consumer, installWithNpm, newConsumer } from "../support/consumer.ts";
import { PASSWORD, startFoyer, type TestFoyer } from "../support/foyer.ts";
import { example } from "../support/readme.ts";

/** README's module is its `foyer.tsx`. */
const MAIN = `
import { QueryClientProvider, useMutation, useQuery } from "@tanstack/react-query";
import { createRoot } from "react-dom/client";
import { foyer, keep, queryClient } from "./foyer";

function App() {
  const session = useQuery(foyer.auth.session.queryOptions());
  const signIn = useMutation(foyer.auth.signIn.mutationOptions({ onSuccess: keep }));
  const signOut = useMutation(
    foyer.auth.signOut.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(foyer.auth.session.queryFilter()),
    }),
  );
  // @ts-expect-error An account has none: the types are not those of anything.
  void session.data?.account?.telephone;
  const enter = (fields: FormData) =>
    signIn.mutate({ email: String(fields.get("email")), password: String(fields.get("password")), as: "bearer" });
  return (
    <form action={enter}>
      <output>{session.isPending ? "" : (session.data?.account?.email ?? "nobody")}</output>
      <p role="alert">{signIn.error?.data?.refusal?.code}</p>
      <input name="email" />
      <input name="password" />
      <button>Sign in</button>
      <button type="button" onClick={() => signOut.mutate({})}>Sign out</button>
    </form>
  );
}

createRoot(document.body.appendChild(document.createElement("main"))).render(
  <QueryClientProvider client={queryClient}>
    <App />
  </QueryClientProvider>,
);
`;

const FILES = {
  "index.html": '<!doctype html><link rel="icon" href="data:,"><script type="module" src="/main.tsx"></script>',
  "main.tsx": MAIN,
  "tsconfig.json": {
    compilerOptions: {
      target: "es2023",
      lib: ["es2023", "dom"],
      module: "esnext",
      moduleResolution: "bundler",
      jsx: "react-jsx",
      strict: true,
      // As Vite has it: tRPC's types for TanStack Query ask for those of Node and of ws.
      skipLibCheck: true,
      noEmit: true,
      types: [],
    },
    files: ["main.tsx"],
  },
};

const PACKAGES = ["vite@8", "react@19", "react-dom@19", "@types/react@19", "@types/react-dom@19"];
const QUERY = ["@tanstack/react-query@5", "@trpc/tanstack-react-query@11"];

describe("an app of Vite, React and TanStack Query with the client's package", function () {
  this.timeout(180_000);
  let foyer: TestFoyer;
  let app: Consumer;
  let server: Server;
  let origin: string;
  before(async () => {
    server = createServer(async (request, response) => {
      const { pathname } = new URL(request.url ?? "/", origin);
      const name = pathname === "/" ? "index.html" : pathname;
      response.setHeader("Content-Type", name.endsWith(".js") ? "text/javascript" : "text/html");
      response.end(await readFile(join(app.folder, "dist", name)));
    }).listen(0, "127.0.0.1");
    await once(server, "listening");
    origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    foyer = await startFoyer({ corsOrigins: [origin] });
    const made = await newConsumer({ ...FILES, "foyer.tsx": example("foyer.tsx", foyer.url) });
    app = made;
    await installWithNpm(made, ...PACKAGES, ...QUERY);
    await app.node("node_modules/vite/bin/vite.js", "build");
  });
  after(async () => {
    server?.close();
    await foyer?.stop();
    await app?.remove();
  });

  it("type-checks, with README's example in it", () => app.node("node_modules/typescript/bin/tsc"));

  it("signs a person in and out from another origin, and shows a refusal", async function () {
    const browser = await startBrowser(this);
    const { email } = await newAccount(foyer);
    const { page, complaints } = await openPage(browser);
    await page.goto(origin);
    const shows = (text: string) => page.locator("output", { hasText: text }).waitFor();
    await shows("nobody");
    await page.fill("[name=email]", email);
    await page.fill("[name=password]", "wrong horse battery");
    await page.click("text=Sign in");
    await page.locator("[role=alert]", { hasText: "invalid_credentials" }).waitFor();
    await page.fill("[name=email]", email);
    await page.fill("[name=password]", PASSWORD);
    await page.click("text=Sign in");
    await shows(email);
    await page.click("text=Sign out");
    await shows("nobody");
    expect(complaints).to.deep.equal([]);
    await browser.close();
  });
});
