import { createApp } from "./app.ts";

const { DATABASE_URL: databaseUrl } = process.env;
const { app, foyer } = await createApp({ publicUrl: "http://localhost:3000/account", databaseUrl });
const server = app.listen(3000, () => process.stdout.write("http://localhost:3000\n"));
process.once("SIGTERM", () => server.close(() => foyer.close()));
