// Pairs of configurations for the comparison of reloads: what clients of the first read and keep
// when the second comes. Must stay true: what differs from an old reference (2.9) on purpose says why.
import type { JsonObject } from "./raw-client.ts";

export interface ReloadClient {
  /** Fields of CONNECT. */
  readonly fields?: JsonObject;
  /** `SUB` without the sid, which counts from 1. */
  readonly subscriptions?: readonly string[];
  /** Sent after the reload, before a PING. */
  readonly sends?: string;
}

export interface ReloadPair {
  readonly name: string;
  readonly before: string;
  readonly after: string;
  readonly clients: readonly ReloadClient[];
  /** Connect after the reload. */
  readonly newcomers?: readonly ReloadClient[];
  /** Which of the clients it hits is a draw: only how many. */
  readonly draw?: true;
  /** Why a reference of 2.9 does something else. */
  readonly differs?: string;
}

function login(user: string, pass = user): JsonObject {
  return { user, pass };
}

function users(...entries: readonly string[]): string {
  return `authorization { users: [\n${entries.join("\n")}\n] }`;
}

function user(name: string, more = "", password = name): string {
  return `{ user: ${name}, password: ${password} ${more === "" ? "" : `, ${more}`} }`;
}

function accounts(...entries: readonly string[]): string {
  return `accounts {\n${entries.join("\n")}\n}`;
}

function account(name: string, more: string): string {
  const own = `users: [ { user: ${name.toLowerCase()}, password: ${name.toLowerCase()} } ]`;
  return `${name} {\n${own}\n${more}\n}`;
}

const PUB = "PUB foo 2\r\nhi\r\n";
const a: ReloadClient = { fields: login("a") };
const b: ReloadClient = { fields: login("b") };
const SHOP = account("A", "exports: [ { stream: foo }, { service: ask } ]");
const READS = account("B", "imports: [ { stream: { account: A, subject: foo } } ]");
const ASKS = account("B", "imports: [ { service: { account: A, subject: ask }, to: q } ]");

const LOGIN_PAIRS: readonly ReloadPair[] = [
  {
    name: "nothing changes",
    before: users(user("a")),
    after: users(user("a")),
    clients: [{ ...a, subscriptions: ["foo"], sends: PUB }],
  },
  {
    name: "a user is deleted",
    before: users(user("a"), user("b")),
    after: users(user("a")),
    clients: [a, b],
    newcomers: [a, b],
  },
  {
    name: "a user is added",
    before: users(user("a")),
    after: users(user("a"), user("b")),
    clients: [a],
    newcomers: [b],
  },
  {
    name: "a password changes",
    before: users(user("a"), user("b")),
    after: users(user("a"), user("b", "", "new")),
    clients: [a, b],
    newcomers: [b, { fields: login("b", "new") }],
  },
  {
    name: "a token changes",
    before: "authorization { token: one }",
    after: "authorization { token: two }",
    clients: [{ fields: { auth_token: "one" } }],
    newcomers: [{ fields: { auth_token: "one" } }, { fields: { auth_token: "two" } }],
  },
  {
    name: "a token stays",
    before: "authorization { token: one }",
    after: "authorization { token: one }\nmax_payload: 1000",
    clients: [{ fields: { auth_token: "one" } }],
  },
  {
    name: "logins are asked for",
    before: "",
    after: users(user("a")),
    clients: [{}],
    newcomers: [{}, a],
  },
  {
    name: "a token is no longer asked for",
    before: "authorization { token: one }",
    after: "",
    clients: [{ fields: { auth_token: "one" }, subscriptions: ["foo"], sends: PUB }],
    newcomers: [{}],
  },
  {
    name: "users are no longer asked for",
    before: users(user("a")),
    after: "",
    clients: [a],
    newcomers: [{}],
  },
  {
    name: "a user moves to another account",
    before: accounts(account("A", ""), account("B", "")),
    after: accounts(`A { }`, `B { users: [ ${user("a")}\n${user("b")} ] }`),
    clients: [a, b],
    newcomers: [a],
  },
  {
    name: "an account is deleted",
    before: accounts(account("A", ""), account("B", "")),
    after: accounts(account("A", "")),
    clients: [a, b],
    newcomers: [a, b],
  },
  {
    name: "an account is added",
    before: accounts(account("A", "")),
    after: accounts(account("A", ""), account("B", "")),
    clients: [a],
    newcomers: [b],
  },
  {
    name: "the user of clients without credentials is deleted",
    before: `no_auth_user: a\n${users(user("a"))}`,
    after: users(user("b")),
    clients: [{}, a],
    newcomers: [{}, b],
  },
  {
    name: "the only user stays",
    before: "authorization { user: a, password: a }",
    after: "authorization { user: a, password: a }\nmax_payload: 1000",
    clients: [a],
    differs: "the reference looks for the only user among the users, and ends all its connections",
  },
  {
    name: "the only user gets another password",
    before: "authorization { user: a, password: a }",
    after: "authorization { user: a, password: b }",
    clients: [a],
    differs: "as above: it ends the connection without a word; here the client reads why",
  },
  {
    name: "credentials that nobody asked for",
    before: "",
    after: "max_payload: 1000",
    clients: [a],
    differs: "the reference ends every connection whose CONNECT names a user that is nowhere",
  },
  {
    name: "credentials that nobody had asked for before",
    before: "",
    after: users(user("a")),
    clients: [a],
    differs:
      "the reference keeps the password of every connection, Weft keeps none: the client logs in anew",
  },
];

const RIGHTS_PAIRS: readonly ReloadPair[] = [
  {
    name: "a right to subscribe is taken away",
    before: users(user("a")),
    after: users(user("a", "permissions: { subscribe: [bar] }")),
    clients: [{ ...a, subscriptions: ["foo", "bar"], sends: `${PUB}PUB bar 2\r\nhi\r\n` }],
  },
  {
    name: "a right to subscribe is narrowed",
    before: users(user("a", 'permissions: { subscribe: [ "x.>", foo ] }')),
    after: users(user("a", 'permissions: { subscribe: [ "x.*", foo ] }')),
    clients: [{ ...a, subscriptions: ["x.>", "x.*", "foo"], sends: "PUB x.y 2\r\nhi\r\n" }],
    differs: "in the reference of 2.9 an allowed `x.*` takes in `x.>` too; AZ-06 has it otherwise",
  },
  {
    name: "a deny is added under a wildcard",
    before: users(user("a")),
    after: users(user("a", "permissions: { subscribe: { deny: [x.secret] } }")),
    clients: [
      { ...a, subscriptions: ["x.*"], sends: "PUB x.secret 2\r\nno\r\nPUB x.open 3\r\nyes\r\n" },
    ],
  },
  {
    name: "a right to publish is taken away",
    before: users(user("a")),
    after: users(user("a", "permissions: { publish: [bar] }")),
    clients: [{ ...a, subscriptions: ["foo", "bar"], sends: `${PUB}PUB bar 2\r\nhi\r\n` }],
  },
  {
    name: "rights are given",
    before: users(user("a", "permissions: { publish: [bar], subscribe: [bar] }")),
    after: users(user("a")),
    clients: [{ ...a, sends: `SUB foo 9\r\n${PUB}` }],
  },
  {
    name: "a right for a queue is taken away",
    before: users(user("a")),
    after: users(user("a", 'permissions: { subscribe: [ "foo one", bar ] }')),
    clients: [{ ...a, subscriptions: ["foo one", "foo two", "bar"] }],
    differs: "the reference of 2.9 does not name the queue group; 2.14 does",
  },
];

const ACCOUNT_PAIRS: readonly ReloadPair[] = [
  {
    name: "a stream import is added",
    before: accounts(SHOP, account("B", "")),
    after: accounts(SHOP, READS),
    clients: [
      { ...b, subscriptions: ["foo"] },
      { ...a, sends: PUB },
    ],
  },
  {
    name: "a stream import is taken away",
    before: accounts(SHOP, READS),
    after: accounts(SHOP, account("B", "")),
    clients: [
      { ...b, subscriptions: ["foo"] },
      { ...a, sends: PUB },
    ],
  },
  {
    name: "a service import is added",
    before: accounts(SHOP, account("B", "")),
    after: accounts(SHOP, ASKS),
    clients: [
      { ...a, subscriptions: ["ask"] },
      { ...b, sends: "PUB q 2\r\nhi\r\n" },
    ],
  },
  {
    name: "a service import is taken away",
    before: accounts(SHOP, ASKS),
    after: accounts(SHOP, account("B", "")),
    clients: [
      { ...a, subscriptions: ["ask"] },
      { ...b, sends: "PUB q 2\r\nhi\r\n" },
    ],
  },
  {
    name: "a mapping is added",
    before: "",
    after: "mappings { foo: bar }",
    clients: [{ subscriptions: ["foo", "bar"], sends: PUB }],
    differs: "the reference of 2.9 takes up new mappings of $G only where it has accounts (SU-38)",
  },
  {
    name: "a mapping is taken away",
    before: "mappings { foo: bar }",
    after: "",
    clients: [{ subscriptions: ["foo", "bar"], sends: PUB }],
  },
  {
    name: "an account limit of connections falls",
    before: accounts(account("A", "")),
    after: accounts(account("A", "limits { max_conn: 2 }")),
    clients: [a, a, a, a],
    draw: true,
    differs: "the reference ends one connection more than it has to",
  },
  {
    name: "an account limit of subscriptions falls",
    before: accounts(account("A", "")),
    after: accounts(account("A", "limits { max_subs: 1 }")),
    clients: [{ ...a, subscriptions: ["foo", "bar", "baz"] }],
  },
  {
    name: "an account limit of subscriptions is just met",
    before: accounts(account("A", "")),
    after: accounts(account("A", "limits { max_subs: 2 }")),
    clients: [{ ...a, subscriptions: ["foo", "bar"] }],
    differs: "the reference ends a connection that is at its limit, at every reload",
  },
];

const LIMIT_PAIRS: readonly ReloadPair[] = [
  {
    name: "max_connections falls",
    before: "",
    after: "max_connections: 2",
    clients: [{}, {}, {}, {}, {}],
    newcomers: [{}],
    draw: true,
  },
  {
    name: "max_connections rises",
    before: "max_connections: 2",
    after: "max_connections: 3",
    clients: [{}],
    newcomers: [{}, {}, {}],
  },
  {
    name: "max_payload falls",
    before: "",
    after: "max_payload: 4",
    clients: [{ subscriptions: ["foo"], sends: `${PUB}PUB foo 5\r\nhello\r\n` }],
  },
  {
    name: "max_payload rises",
    before: "max_payload: 4",
    after: "max_payload: 5",
    clients: [{ subscriptions: ["foo"], sends: "PUB foo 5\r\nhello\r\n" }],
  },
  {
    name: "max_control_line falls",
    before: "",
    after: "max_control_line: 64",
    clients: [{ sends: `SUB ${"x".repeat(80)} 1\r\n` }],
  },
  {
    name: "client_advertise and times change",
    before: "",
    after:
      'client_advertise: "example.test:4333"\nping_interval: 30s\nping_max: 5\nwrite_deadline: 3s',
    clients: [{ subscriptions: ["foo"], sends: PUB }],
  },
  {
    name: "a port cannot change",
    before: "",
    after: "port: 1\nmax_payload: 4",
    clients: [{ subscriptions: ["foo"], sends: "PUB foo 5\r\nhello\r\n" }],
  },
  {
    name: "an unknown option",
    before: users(user("a")),
    after: "no_such_option: 1",
    clients: [{ ...a, subscriptions: ["foo"], sends: PUB }],
    newcomers: [a],
  },
  {
    name: "one thing that cannot change beside one that can",
    before: users(user("a")),
    after: `server_name: other\n${users(user("b"))}`,
    clients: [{ ...a, subscriptions: ["foo"], sends: PUB }],
    newcomers: [a, b],
  },
];

export const RELOAD_PAIRS: readonly ReloadPair[] = [
  ...LOGIN_PAIRS,
  ...RIGHTS_PAIRS,
  ...ACCOUNT_PAIRS,
  ...LIMIT_PAIRS,
];
