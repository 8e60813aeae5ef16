import { expect } from "chai";
import { serverUrl } from "../../src/config/database-url.ts";

function read(url: string) {
  const { hosts, ...others } = serverUrl.parse(url);
  return { hosts: hosts.map(({ host, port }) => `${host} ${port}`), ...others };
}

function refusal(url: string) {
  return serverUrl.safeParse(url).error?.issues.map(({ message }) => message);
}

describe("a database's URL", () => {
  for (const [url, ...hosts] of [
    ["postgres://h/db", "h 5432"],
    ["postgresql://h:6432/db", "h 6432"],
    ["postgres://h1:5432,h2:5433/db?target_session_attrs=read-write", "h1 5432", "h2 5433"],
    ["postgres://u:p@h1,h2,h3:7000/db?target_session_attrs=primary", "h1 5432", "h2 5432", "h3 7000"],
    [
      "postgres://[::1]:6000,[2001:db8::7],10.0.0.1:1/db?target_session_attrs=any",
      "::1 6000",
      "2001:db8::7 5432",
      "10.0.0.1 1",
    ],
    ["postgres://[fe80::1%25eth0]/db", "fe80::1%eth0 5432"],
    ["postgres:///db", "localhost 5432"],
    ["postgres:///db?host=h1,h2&port=1,2", "h1 1", "h2 2"],
    ["postgres://x:1/db?host=h1,h2&port=7", "h1 7", "h2 7"],
    ["postgres://%2Frun%2Fpostgresql/db", "/run/postgresql 5432"],
    ["postgres:///db?host=/run/postgresql", "/run/postgresql 5432"],
    [" postgres://h/db\n", "h 5432"],
  ] as const) {
    it(`${url.trim()} names ${hosts.join(" and ")}`, () => {
      expect(read(url).hosts).to.deep.equal(hosts);
    });
  }

  for (const [url, ...login] of [
    ["postgres://h/db", undefined, undefined],
    ["postgres://u@h/db", "u", undefined],
    ["postgres://u:p@h/db", "u", "p"],
    ["postgres://u:my%23pass%2F%3F%40%25@h/db", "u", "my#pass/?@%"],
    ["postgres://u:a:b@h/db", "u", "a:b"],
    ["postgres://u%40tenant:p@ss@h/db", "u@tenant", "p@ss"],
    ["postgres://u:p+%C3%BC&=;$ !@h/db", "u", "p+ü&=;$ !"],
    ["postgres:///db?user=u&password=a+b%23", "u", "a+b#"],
  ] as const) {
    it(`${url} logs in as ${login}`, () => {
      const { user, password } = read(url);
      expect([user, password]).to.deep.equal(login);
    });
  }

  for (const url of [
    "postgres://u:my#pass@h:5432/x",
    "postgres://u:my/pass@h:5432/x",
    "postgres://u:12/pass@h:5432/x",
    "postgres://u:my?pass@h:5432/x",
    "postgres://u:my%pass@h:5432/x",
    "postgres://u:my%@h:5432/x",
    "postgres://u:my%ffpass@h:5432/x",
    "postgres://u:#@h/x",
    "postgres://my#user:pass@h/x",
    "postgres://u:[pa]/ss@h/x",
  ]) {
    it(`${url} is refused with how its password is to be written, and without it`, () => {
      const [words, ...others] = refusal(url) ?? [];
      expect(others).to.deep.equal([]);
      expect(words).to.match(/\/ \? # @ % in a password written as %2F %3F %23 %40 %25$/);
      expect(words).to.not.match(/my|pass@|ss@/);
    });
  }

  for (const [query, words] of [
    ["sslmode=prefer", "expected one of disable, require, verify-ca, verify-full as sslmode"],
    ["sslmode=allow", "expected one of disable, require, verify-ca, verify-full as sslmode"],
    ["sslmode=no-verify", "expected one of disable, require, verify-ca, verify-full as sslmode"],
    ["ssl=true", "expected sslmode instead of ssl"],
    ["sslmode=require&sslmode=require", "expected each parameter after the ? once"],
    ["sslmode=verify-ca", "expected an sslrootcert"],
    ["sslrootcert=system&sslmode=require", "expected sslmode=verify-full with sslrootcert=system"],
    ["sslrootcert=system&sslmode=verify-ca", "expected sslmode=verify-full with sslrootcert=system"],
    ["sslrootcert=system&sslmode=disable", "expected sslmode=verify-full with sslrootcert=system"],
    ["sslmode=require&sslcert=/c", "expected sslcert and sslkey, or neither"],
    ["channel_binding=require", "expected an sslmode of require, verify-ca or verify-full"],
    ["sslnegotiation=direct", "expected an sslmode of require, verify-ca or verify-full"],
    ["sslmode=require&channel_binding=maybe", "expected one of disable, prefer, require as channel_binding"],
    ["gssencmode=require", "expected one of disable, prefer as gssencmode"],
    ["target_session_attrs=standby", "expected one of read-write, primary, any as target_session_attrs"],
    ["target_session_attrs=read-only", "expected one of read-write, primary, any as target_session_attrs"],
    ["target_session_attrs=prefer-standby", "expected one of read-write, primary, any as target_session_attrs"],
    ["load_balance_hosts=on", "expected one of disable, random as load_balance_hosts"],
    ["connect_timeout=soon", "expected at most 99 seconds as connect_timeout"],
    ["schema=app", "expected the schema in DATABASE_SCHEMA"],
    ["currentSchema=app", "expected the schema in DATABASE_SCHEMA"],
    ["hostaddr=hunter2", "expected no hostaddr after the ?, which Foyer does not support"],
    ["require_auth=hunter2", "expected no require_auth after the ?, which Foyer does not support"],
    ["service=hunter2", "expected no service after the ?, which Foyer does not support"],
    ["sslmode=require&sslcrl=hunter2", "expected no sslcrl after the ?, which Foyer does not support"],
    ["passfile=hunter2", "expected no passfile after the ?, which Foyer does not support"],
    ["replication=hunter2", "expected no replication after the ?, which Foyer does not support"],
    ["hunter2", "expected only libpq's parameters after the ?, and a ? in a password written as %3F"],
    ["port=1,2", "expected a URL such as"],
    ["port=0", "expected a URL such as"],
    ["__proto__=x", "expected only libpq's parameters"],
  ] as const) {
    it(`with ?${query} is refused: ${words}`, () => {
      const [said, ...others] = refusal(`postgres://h/db?${query}`) ?? [];
      expect(others).to.deep.equal([]);
      expect(said).to.satisfy((text: string) => text.startsWith(words));
      expect(said).to.not.include("hunter2");
    });
  }

  it("may carry what other clients are told in it, without effect", () => {
    const plain = read("postgres://h/db");
    for (const query of [
      "pgbouncer=true&connection_limit=1&pool_timeout=10",
      "supa=base-pooler.x",
      "uselibpqcompat=true",
      "keepalives=1&keepalives_idle=30&client_encoding=utf8&gssencmode=disable&sslsni=1",
      "target_session_attrs=any",
      "sslmode=disable",
    ]) {
      expect(read(`postgres://h/db?${query}`), query).to.deep.equal(plain);
    }
  });

  it("tells how TLS is spoken, how long to wait and what the server is told", () => {
    const { tls, connectSeconds, applicationName, options, shuffled } = read(
      "postgres://u:p@h/db?sslmode=require&channel_binding=require&sslnegotiation=direct&ssl_min_protocol_version=TLSv1.3" +
        "&connect_timeout=10&application_name=accounts&options=endpoint%3Dep-1%20-c%20x%3Dy&load_balance_hosts=random",
    );
    expect(tls).to.include({
      mode: "require",
      channelBinding: "require",
      negotiation: "direct",
      minVersion: "TLSv1.3",
    });
    expect({ connectSeconds, applicationName, options, shuffled }).to.deep.equal({
      connectSeconds: 10,
      applicationName: "accounts",
      options: "endpoint=ep-1 -c x=y",
      shuffled: true,
    });
    expect(read("postgres://h/db?sslrootcert=system").tls).to.include({ mode: "verify-full", rootCert: "system" });
    expect(read("postgres://h/db?sslmode=require&sslrootcert=/ca.pem").tls).to.include({
      mode: "verify-ca",
      rootCert: "/ca.pem",
    });
    expect(read("postgres://h/db?connect_timeout=0").connectSeconds).to.equal(undefined);
  });
});
