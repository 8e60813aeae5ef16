import type { IntlMessageFormat } from "intl-messageformat";

type Formatters = NonNullable<NonNullable<ConstructorParameters<typeof IntlMessageFormat>[3]>["formatters"]>;

/** Makes each format when it is first needed, once for its options. */
function onceEach<Options, Format>(create: (options: Options | undefined) => Format) {
  const known = new Map<string, Format>();
  return (_locales?: string | string[], options?: Options): Format => {
    const key = JSON.stringify(options ?? {});
    const format = known.get(key) ?? create(options);
    known.set(key, format);
    return format;
  };
}

/** The formats that all sentences of a language share: each is larger than many sentences. */
export function createFormatters(locale: string): Formatters {
  return {
    getNumberFormat: onceEach((options?: Intl.NumberFormatOptions) => new Intl.NumberFormat(locale, options)),
    getDateTimeFormat: onceEach((options?: Intl.DateTimeFormatOptions) => new Intl.DateTimeFormat(locale, options)),
    getPluralRules: onceEach((options?: Intl.PluralRulesOptions) => new Intl.PluralRules(locale, options)),
  };
}
