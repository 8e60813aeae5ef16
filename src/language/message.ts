export type MessageKey = keyof typeof import("../../views/locales/en.json", { with: { type: "json" }});

/** The values of a sentence's variables. A list is written as alternatives: `a, b or c`. */
export type MessageValues = Record<string, string | number | boolean | Date | readonly string[]>;

/** Something to tell a person, in no language yet. */
export type Message = { key: MessageKey; values?: MessageValues };
