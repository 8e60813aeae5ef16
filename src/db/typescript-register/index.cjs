// The knex command line looks for a loader of .ts files under a few fixed names, this among them, and knows none that
// also loads ES modules. tsx does.
const { register } = require("node:module");
const { pathToFileURL } = require("node:url");

register("tsx/esm", { parentURL: pathToFileURL(__filename), data: true });
