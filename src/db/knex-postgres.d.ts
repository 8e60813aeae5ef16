declare module "knex/lib/dialects/postgres/index.js" {
  import { Knex } from "knex";
  import type { Client } from "pg";

  type Statement = { sql: string; bindings?: readonly unknown[]; response?: unknown };

  export default class Client_PG extends Knex.Client {
    transacting?: true;
    _query(connection: Client, statement: Statement): Promise<Statement>;
  }
}
