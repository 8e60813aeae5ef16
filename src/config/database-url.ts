import { z } from "zod";

export type DatabaseTls = {
  mode: "require" | "verify-ca" | "verify-full";
  rootCert: string | undefined;
  cert: string | undefined;
  key: string | undefined;
  keyPassword: string | undefined;
  minVersion: "TLSv1.2" | "TLSv1.3" | undefined;
  negotiation: "postgres" | "direct";
  channelBinding: "disable" | "prefer" | "require";
};

export type DatabaseUrl = {
  hosts: { host: string; port: number }[];
  shuffled: boolean;
  user: string | undefined;
  password: string | undefined;
  database: string;
  tls: DatabaseTls | undefined;
  connectSeconds: number | undefined;
  applicationName: string | undefined;
  options: string | undefined;
};

const EXPECTED =
  "expected a URL such as postgres://user:password@host:5432/name, " +
  "with the characters / ? # @ % in a password written as %2F %3F %23 %40 %25";
/** User and password end at the last @ before the path, so that an unescaped @ in a password is understood. */
const URL_PARTS = new RegExp(
  "^postgres(?:ql)?://(?:(?<user>[^:/?#]*?)(?::(?<password>[^/?#]*))?@)?" +
    "(?<hosts>[^/?#@]*)(?:/(?<name>[^/?#@]*))?(?:[?](?<query>[^#]*))?$",
);
const HOST_AND_PORT = /^(?:\[(?<v6>[^[\]]+)\]|(?<name>[^[\]:]*))(?::(?<port>\d*))?$/;
const DEFAULT_PORT = 5432;
const MAX_PORT = 65_535;

const text = z.string().optional();

function oneOf<const T extends string>(name: string, ...values: [T, ...T[]]) {
  return z.enum(values, `expected one of ${values.join(", ")} as ${name}`).optional();
}

function forbidden(reason: string) {
  return z.undefined(reason).optional();
}

const SCHEMA_ELSEWHERE = forbidden("expected the schema in DATABASE_SCHEMA, not in the URL");

const WITHOUT_EFFECT = Object.fromEntries(
  [
    ...[
      "keepalives",
      "keepalives_idle",
      "keepalives_interval",
      "keepalives_count",
      "tcp_user_timeout",
      "client_encoding",
    ],
    ...["fallback_application_name", "krbsrvname", "gsslib", "sslcompression", "sslsni", "uselibpqcompat", "supa"],
    ...["pgbouncer", "connection_limit", "pool_timeout", "socket_timeout", "statement_cache_size"],
  ].map((name) => [name, text]),
);

/** The rest of libpq's parameters. To ignore one would be to connect otherwise than was asked for. */
const UNSUPPORTED = Object.fromEntries(
  [
    ...["hostaddr", "passfile", "service", "servicefile", "replication", "requirepeer", "require_auth", "requiressl"],
    ...["sslcrl", "sslcrldir", "sslcertmode", "sslkeylogfile", "ssl_max_protocol_version", "gssdelegation"],
    ...["min_protocol_version", "max_protocol_version", "scram_client_key", "scram_server_key"],
    ...["oauth_issuer", "oauth_client_id", "oauth_client_secret", "oauth_scope"],
  ].map((name) => [name, forbidden(`expected no ${name} after the ?, which Foyer does not support`)]),
);

const parameters = z
  .strictObject(
    {
      ...WITHOUT_EFFECT,
      ...UNSUPPORTED,
      host: text,
      port: text,
      user: text,
      password: text,
      dbname: text,
      // Not `allow` and `prefer`: they continue without TLS if the server, or an attacker in between, offers none.
      sslmode: oneOf("sslmode", "disable", "require", "verify-ca", "verify-full"),
      ssl: forbidden("expected sslmode instead of ssl"),
      sslrootcert: text,
      sslcert: text,
      sslkey: text,
      sslpassword: text,
      sslnegotiation: oneOf("sslnegotiation", "postgres", "direct"),
      ssl_min_protocol_version: oneOf("ssl_min_protocol_version", "TLSv1.2", "TLSv1.3"),
      channel_binding: oneOf("channel_binding", "disable", "prefer", "require"),
      gssencmode: oneOf("gssencmode", "disable", "prefer"),
      target_session_attrs: oneOf("target_session_attrs", "read-write", "primary", "any"),
      load_balance_hosts: oneOf("load_balance_hosts", "disable", "random"),
      connect_timeout: z
        .string()
        .regex(/^\d{1,2}$/, "expected at most 99 seconds as connect_timeout")
        .transform(Number)
        .optional(),
      application_name: text,
      options: text,
      schema: SCHEMA_ELSEWHERE,
      currentSchema: SCHEMA_ELSEWHERE,
      search_path: SCHEMA_ELSEWHERE,
    },
    {
      // The unknown name may be part of a password.
      error: ({ code }) =>
        code === "unrecognized_keys"
          ? "expected only libpq's parameters after the ?, and a ? in a password written as %3F"
          : undefined,
    },
  )
  .refine(
    ({ sslrootcert, sslmode }) => sslrootcert !== "system" || sslmode === undefined || sslmode === "verify-full",
    "expected sslmode=verify-full with sslrootcert=system: with less, any certificate of a public authority would do",
  )
  .refine(
    ({ sslmode, sslrootcert }) => sslmode !== "verify-ca" || sslrootcert,
    "expected an sslrootcert, the file of the authority's certificate, with sslmode=verify-ca",
  )
  .refine(({ sslcert, sslkey }) => !sslcert === !sslkey, "expected sslcert and sslkey, or neither")
  .transform(({ sslmode, ...others }) => ({
    ...others,
    sslmode: sslmode ?? (others.sslrootcert === "system" ? "verify-full" : "disable"),
  }))
  .refine(
    ({ sslmode, channel_binding, sslnegotiation }) =>
      sslmode !== "disable" || (channel_binding !== "require" && sslnegotiation !== "direct"),
    "expected an sslmode of require, verify-ca or verify-full " +
      "with channel_binding=require and with sslnegotiation=direct",
  );

type Parameters = z.infer<typeof parameters>;

function toTls(given: Parameters): DatabaseTls | undefined {
  const { sslmode } = given;
  if (sslmode === "disable") return undefined;
  return {
    // As in libpq: a root certificate turns `require` into `verify-ca`.
    mode: sslmode === "require" && given.sslrootcert ? "verify-ca" : sslmode,
    rootCert: given.sslrootcert,
    cert: given.sslcert,
    key: given.sslkey,
    keyPassword: given.sslpassword,
    minVersion: given.ssl_min_protocol_version,
    negotiation: given.sslnegotiation ?? "postgres",
    channelBinding: given.channel_binding ?? "disable",
  };
}

function split(url: string) {
  const { user, password, hosts = "", name, query = "" } = URL_PARTS.exec(url)?.groups ?? {};
  if (!URL_PARTS.test(url)) return undefined;
  const decoded = (part: string | undefined) => (part ? decodeURIComponent(part) : undefined);
  const places = hosts.split(",").map((place) => {
    const groups = HOST_AND_PORT.exec(place)?.groups;
    return groups && { host: decoded(groups["v6"] ?? groups["name"]), port: groups["port"] };
  });
  const entries = query
    .split("&")
    .filter((entry) => entry !== "")
    // As in libpq, a + is not a space.
    .map((entry) => /^([^=]*)=?(.*)$/s.exec(entry)?.slice(1).map(decodeURIComponent) ?? []);
  return { user: decoded(user), password: decoded(password), places, database: decoded(name), entries };
}

function parseHosts(
  places: ({ host: string | undefined; port: string | undefined } | undefined)[],
  { host, port }: Parameters,
) {
  const named = host?.split(",").map((name) => ({ host: name, port: undefined })) ?? places;
  const ports = port?.split(",");
  const hosts = named.map((place, n) => {
    const number = Number((ports?.length === 1 ? ports[0] : ports?.[n]) || place?.port || DEFAULT_PORT);
    return place && number > 0 && number <= MAX_PORT ? [{ host: place.host || "localhost", port: number }] : [];
  });
  const fits = ports === undefined || ports.length === 1 || ports.length === named.length;
  return fits && hosts.every(({ length }) => length === 1) ? hosts.flat() : undefined;
}

function splitOrNot(url: string) {
  try {
    return split(url);
  } catch {
    return undefined;
  }
}

/** libpq's syntax and meaning (PostgreSQL's manual, section 34.1). WHATWG's parser takes only one host. */
export const serverUrl = z.string().transform((url, context): DatabaseUrl => {
  const refuse = (reason: string) => {
    context.addIssue(reason);
    return z.NEVER;
  };
  const parts = splitOrNot(url.trim());
  if (!parts || parts.places.includes(undefined)) return refuse(EXPECTED);
  const query = parameters.safeParse(Object.fromEntries(parts.entries));
  if (!query.success) return refuse(query.error.issues[0]?.message ?? EXPECTED);
  const given = query.data;
  if (new Set(parts.entries.map(([name]) => name)).size < parts.entries.length)
    return refuse("expected each parameter after the ? once");
  const hosts = parseHosts(parts.places, given);
  const database = given.dbname ?? parts.database;
  if (!hosts || !database) return refuse(EXPECTED);
  return {
    hosts,
    shuffled: given.load_balance_hosts === "random",
    user: given.user ?? parts.user,
    password: given.password ?? parts.password,
    database,
    tls: toTls(given),
    connectSeconds: given.connect_timeout || undefined,
    applicationName: given.application_name,
    options: given.options,
  };
});
