import { startFoyer } from "./foyer.ts";

/** An application in discreet mode, and addresses of which every second has an account. */
export async function startDiscreetFoyer() {
  const foyer = await startFoyer({ privacy: "discreet" });
  await foyer.sql(
    `insert into users (email, email_key, hashed_password, email_verified_at)
     select 'old' || n || '@example.com', 'old' || n || '@example.com', 'x', now() from generate_series(1000, 1999) n`,
  );
  let used = 1000;
  return {
    foyer,
    /** Two addresses that look alike, of which one has an account. */
    twoAddresses() {
      used += 1;
      return { registered: `old${used}@example.com`, fresh: `new${used}@example.com` };
    },
  };
}
