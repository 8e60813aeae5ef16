export {};

declare module "pg" {
  interface Client {
    /** What knex's pool looks at to see that a connection is broken. */
    __knex__disposed?: unknown;
  }
}
