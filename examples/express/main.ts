import { createApp } from "./app.ts";

const { app, foyer } = await createApp({ databaseUrl: process.env.DATABASE_URL });
const server = app.listen(3000, () => process.stdout.write("http://localhost:3000\n"));
process.once("SIGTERM", () => server.close(() => foyer.close()));
