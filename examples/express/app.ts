import express from "express";
import { createFoyer, type FoyerOptions } from "foyer";
import { trpc } from "./router.ts";

/** An app whose members have accounts of a Foyer within it, below /account. */
export async function createApp(options: FoyerOptions) {
  const foyer = await createFoyer({ publicUrl: "http://localhost:3000/account", ...options });
  const app = express();
  app.use("/account", foyer.app);
  app.use("/trpc", trpc(foyer));
  app.get("/", async (req, res) => {
    const current = await foyer.session(req); // { account: { id, email, verified }, session }, or null
    res.send(current ? `Hello ${current.account.email}` : '<a href="/notes">Sign in</a>');
  });
  app.get("/notes", foyer.requireSession, (_req, res) => {
    res.send(`The notes of ${res.locals.account.email}`);
  });
  return { app, foyer };
}
