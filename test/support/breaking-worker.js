/** @param {{ secret: string }} task */
export function hash({ secret }) {
  if (secret === "dies at once") process.exit(1);
  return secret;
}
