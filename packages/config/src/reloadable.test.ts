// What the schema says of a reload is what a reload does with a change of each option.
import { expect, test } from "vitest";
import { compareOptions } from "./diff.ts";
import { OPTION_ROWS } from "./schema.ts";
import {
  EXAMPLE_ACCOUNT,
  EXAMPLE_ACCOUNT_TOKEN,
  EXAMPLE_BEARER,
  EXAMPLE_OPERATOR,
} from "./testdata/example-operator.ts";
import { optionsOf } from "./testdata/memory-source.ts";

const OPERATED = `operator: "${EXAMPLE_OPERATOR}"\nresolver: MEMORY\n`;
const TRUSTED = "OCJJJWO7746RJMRBQH6U6CIGTM6ZLIEA5G2MS2NBMPYTAVRFQI6J2HWR";
const TLS = "tls { cert_file: c, key_file: k, ca_file: a }\n";

/** Before and after; together with the option's own lines, a whole configuration. */
const CHANGES: Readonly<Record<string, readonly [before: string, after: string]>> = {
  listen: ['listen: "a:4222"', 'listen: "b:4222"'],
  port: ["", "port: 4333"],
  host: ["", "host: h"],
  client_advertise: ["", 'client_advertise: "h:1"'],
  server_name: ["", "server_name: n"],
  workers: ["workers: 1", "workers: 2"],
  tls: ["", TLS],
  allow_non_tls: [TLS, `${TLS}allow_non_tls: true`],
  no_header_support: ["", "no_header_support: true"],
  no_fast_producer_stall: ["", "no_fast_producer_stall: true"],
  disable_sublist_cache: ["", "disable_sublist_cache: true"],
  debug: ["", "debug: true"],
  trace: ["", "trace: true"],
  trace_verbose: ["", "trace_verbose: true"],
  trace_headers: ["", "trace_headers: true"],
  logtime: ["", "logtime: false"],
  logtime_utc: ["", "logtime_utc: true"],
  log_file: ["", "log_file: l"],
  log_size_limit: ["log_file: l", "log_file: l\nlog_size_limit: 1MB"],
  log_max_num: ["log_file: l", "log_file: l\nlog_max_num: 3"],
  syslog: ["", "syslog: true"],
  remote_syslog: ["", 'remote_syslog: "udp://h:514"'],
  syslog_format: ["", "syslog_format: rfc5424"],
  log_format: ["", "log_format: json"],
  log_loss_is_fatal: ["", "log_loss_is_fatal: true"],
  pid_file: ["", "pid_file: p"],
  ports_file_dir: ["", "ports_file_dir: d"],
  http: ['http: "a:1"', 'http: "b:1"'],
  https: [`${TLS}https: "a:1"`, `${TLS}https: "b:1"`],
  http_port: ["http_port: 1", "http_port: 2"],
  https_port: [`${TLS}https_port: 1`, `${TLS}https_port: 2`],
  http_base_path: ["http_port: 1", "http_port: 1\nhttp_base_path: x"],
  monitor_login: ["http_port: 1", "http_port: 1\nmonitor_login { tokens: [ secret ] }"],
  address_limits: ["", "address_limits { login_failures: 5 }"],
  max_payload: ["", "max_payload: 2MB"],
  max_control_line: ["", "max_control_line: 8KB"],
  max_pending: ["", "max_pending: 32MB"],
  max_connections: ["", "max_connections: 9"],
  max_subscriptions: ["", "max_subscriptions: 9"],
  max_sub_tokens: ["", "max_sub_tokens: 9"],
  max_traced_msg_len: ["", "max_traced_msg_len: 9"],
  max_closed_clients: ["", "max_closed_clients: 9"],
  ping_interval: ["", "ping_interval: 30s"],
  ping_max: ["", "ping_max: 9"],
  write_deadline: ["", "write_deadline: 5s"],
  lame_duck_duration: ["", 'lame_duck_duration: "1m"'],
  lame_duck_grace_period: ["", 'lame_duck_grace_period: "5s"'],
  authorization: ["", "authorization { user: a, password: b }"],
  accounts: ["", "accounts { A { users: [ { user: a, password: b } ] } }"],
  mappings: ["", "mappings { a: b }"],
  no_auth_user: [
    "accounts { A { users: [ { user: a, password: b } ] } }",
    "accounts { A { users: [ { user: a, password: b } ] } }\nno_auth_user: a",
  ],
  roles: [
    "roles { r { publish: a } }\nauthorization { users: [ { user: a, password: b, role: r } ] }",
    "roles { r { publish: b } }\nauthorization { users: [ { user: a, password: b, role: r } ] }",
  ],
  mixed_authentication: ["", "mixed_authentication: true"],
  one_mechanism_per_account: ["", "one_mechanism_per_account: true"],
  system_account: ["accounts { A {} }", "accounts { A {} }\nsystem_account: A"],
  no_system_account: ["", "no_system_account: true"],
  operator: ["", OPERATED],
  trusted_keys: ["", `trusted_keys: [${TRUSTED}]`],
  resolver: ["resolver: MEMORY", "resolver { type: full, dir: d }"],
  resolver_tls: [OPERATED, `${OPERATED}resolver_tls { ca_file: a }`],
  resolver_preload: [
    OPERATED,
    `${OPERATED}resolver_preload { ${EXAMPLE_ACCOUNT}: "${EXAMPLE_ACCOUNT_TOKEN}" }`,
  ],
  resolver_pinned_accounts: [OPERATED, `${OPERATED}resolver_pinned_accounts: ${EXAMPLE_ACCOUNT}`],
  default_sentinel: [OPERATED, `${OPERATED}default_sentinel: "${EXAMPLE_BEARER}"`],
  write_timeout: ["", "write_timeout: close"],
  server_tags: ["", "server_tags: [ a ]"],
  server_metadata: ["", "server_metadata { a: b }"],
  authentication_module: ["", "authentication_module { file: a.js }"],
  proxies: [
    "",
    "proxies { trusted: [ { key: NA5V5A5RQ4XW4HGB5CWPH6O54SYEUV2X7FE5G6O5ELRA3Q5OO3GABTFK } ] }",
  ],
  feature_flags: ["", "feature_flags { ns_account_default_permit: true }"],
};

const PRESENT = OPTION_ROWS.filter(({ feature }) => feature === undefined);

test("every option has a change here", () => {
  const named = PRESENT.map(({ name }) => name);
  expect(named.sort()).toEqual(Object.keys(CHANGES).sort());
});

test.each(
  PRESENT.filter(({ name }) => name in CHANGES).map(({ name, reloadable }) => ({
    name,
    reloadable,
  })),
)("RL-02: $name, reloadable: $reloadable", ({ name, reloadable }) => {
  const [before, after] = (CHANGES[name] ?? ["", ""]).map((text) => optionsOf(text));
  if (before === undefined || after === undefined) throw new Error("there are two");
  const result = compareOptions(before, after, before.port);
  expect(result.ok).toBe(reloadable);
  // It is a change at all.
  if (result.ok) expect(result.changes.length).toBeGreaterThan(0);
});
