export {};

declare module "pg" {
  interface Client {
    /** knex's pool reads this to see that a connection is broken. */
    __knex__disposed?: unknown;
  }
}
