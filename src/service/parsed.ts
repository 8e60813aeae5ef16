/** What reading one field gives: its value, or a sentence that says what to do. */
export type Parsed<T> = { ok: true; value: T } | { ok: false; message: string };
