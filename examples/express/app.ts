import express, { type Express } from "express";
import { createFoyer, type Foyer, type FoyerOptions } from "foyer";

/** An app whose members have accounts of a Foyer within it, below /account. */
export async function createApp(settings: FoyerOptions): Promise<{ app: Express; foyer: Foyer }> {
  const foyer = await createFoyer({ databaseSchema: "foyer", ...settings });
  const app = express();
  app.use("/account", foyer.app);
  app.get("/", async (req, res) => {
    const current = await foyer.session(req);
    res.send(current ? `Hello ${current.account.email}. <a href="/notes">Notes</a>` : '<a href="/notes">Sign in</a>');
  });
  app.get("/notes", foyer.requireSession, (_req, res) => {
    res.send(`The notes of account ${res.locals["account"].id}`);
  });
  return { app, foyer };
}
