import { Model as ObjectionModel } from "objection";

/** objection's, whose `first` by default reads all rows, and locks them, and gives the first. */
export class Model extends ObjectionModel {
  static override useLimitInFirst = true;
}
