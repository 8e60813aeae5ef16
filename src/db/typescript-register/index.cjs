// The knex command line loads .ts files through a package of one of a few fixed names. None of those loads ES modules.
// tsx does, under this name.
const { register } = require("node:module");
const { pathToFileURL } = require("node:url");

register("tsx/esm", { parentURL: pathToFileURL(__filename), data: true });
