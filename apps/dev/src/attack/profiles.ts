// The configurations that attacks run against. Each has an account for the bystander alone, so that
// what reaches it over the account's own subjects is not what is measured.
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { ISSUER } from "./callout-world.ts";
import { randomUsers, rulesText } from "./random-rights.ts";
import type { Credentials } from "./raw-client.ts";
import { secret } from "./secrets.ts";
import { OPERATOR, WATCH, WATCH_TOKEN } from "./token-world.ts";

export interface Profile {
  readonly config: string;
  readonly flags?: readonly string[] | undefined;
  readonly bystander: Credentials;
  /** The listener asks for TLS behind its INFO. */
  readonly secure?: boolean | undefined;
}

export type ProfileName =
  | "guarded"
  | "anonymous"
  | "wide"
  | "talkative"
  | "secured"
  | "random"
  | "monitored"
  | "locked"
  | "mutual"
  | "asked"
  | "tokens"
  | "securedTokens";

export function credentialsOf(user: string): Credentials {
  return { user, pass: secret(user) };
}

const certificates = fileURLToPath(new URL("../../../../packages/net/testdata/", import.meta.url));

/** TLS material that the tests of the sockets use. */
export const TLS_FILES = {
  certificate: `${certificates}server.pem`,
  key: `${certificates}server.key`,
  authority: `${certificates}ca.pem`,
  clientCertificate: `${certificates}client.pem`,
  clientKey: `${certificates}client.key`,
  /** Name -> certificate and key that nobody has to accept. */
  strangers: {
    "of another authority": [
      `${certificates}client-wrong-ca.pem`,
      `${certificates}client-wrong-ca.key`,
    ],
    "out of date": [`${certificates}client-expired.pem`, `${certificates}client-expired.key`],
  },
} as const;

/** The certificate that servers with client certificates accept, as PEM texts. */
export function clientCertificate(): { readonly cert: string; readonly key: string } {
  return {
    cert: readFileSync(TLS_FILES.clientCertificate, "utf8"),
    key: readFileSync(TLS_FILES.clientKey, "utf8"),
  };
}

/** Mappings that are allowed and still ask for trouble (A52). */
const MAPPINGS = `
    mappings: {
      "odd.none.*": "mapped.none.{{partition(0,1)}}"
      "odd.many.*": "mapped.many.{{partition(2147483647,1)}}"
      "odd.random.*": "mapped.random.{{random(0)}}.{{wildcard(1)}}"
      "odd.left.*": "mapped.left.{{left(1,1000000000)}}"
      "odd.slice.*": "mapped.slice.{{slicefromleft(1,1)}}"
      "circle.a.>": "circle.b.>"
      "circle.b.>": "circle.a.>"
      "growing.>": "growing.growing.>"
    }`;

/**
 * Hashes of the secrets of these slots; `long` has 72 bytes, `nul` ends in NUL and a `b`, `bytes` in
 * U+FFFD.
 */
const HASHES = {
  hashed: "$2b$08$9ujrb8K9XaqkwyANnqfHn.RMGEV7Y5te0UGUQZQhmPGq/noIAHBkW",
  costly: "$2b$11$AExm3SM.w79Zx0NKIeB5Y.e/fJgy9TgrbR2SIkrXPolmh2rjxJUh2",
  long: "$2b$04$HA2DKq2qtaDxd80rQ8ysRuRQDiQreJCTuvl0mSGP3hYYRgk747jRq",
  nul: "$2b$04$pHOBN5xfK/1C2egYhM9Pt.NPYv30m5tHY8Yt0W9kESVqRReox2qMu",
  bytes: "$2b$04$Cm3b9zQbA2mKDTMz7RIXy.s23eJjf9e3gGrXyai1QRU7EFiaIsKMW",
  operator: "$2b$08$zVErooLxuhJ127tdvNPPcOgUv51StELrHmkwG4ioHix4.VNW12ZXe",
} as const;

function hashedUser(name: keyof typeof HASHES): string {
  return `{ user: "${name}", password: "${HASHES[name]}" }`;
}

function user(name: string, permissions = ""): string {
  const rules = permissions === "" ? "" : `, permissions: { ${permissions} }`;
  return `{ user: "${name}", password: "${secret(name)}"${rules} }`;
}

/** Users for the cases about rights. */
const ACCOUNTS = `
accounts {
  WATCH { users: [ ${user("watch")} ] }
  A {
    users: [
      ${user("alice")}
      ${user("service")}
      ${user(
        "limited",
        `publish: { allow: ["pub.>"], deny: ["pub.secret"] },
        subscribe: { allow: ["sub.>", "_INBOX.>"], deny: ["sub.secret.>"] }`,
      )}
      ${user("queued", `subscribe: { allow: [">"], deny: ["secret.>", "* deniedqueue"] }`)}
      ${user(
        "answering",
        `publish: { deny: [">"] }, subscribe: { allow: ["question.>"] },
        allow_responses: { max: 2, expires: "400ms" }`,
      )}
    ]
    exports: [
      { service: "svc.>" }
      { stream: "feed.>" }
      { service: "private.svc", accounts: [ "B" ] }
    ]
  }
  B {
    users: [ ${user("bob")} ]
    imports: [
      { service: { account: A, subject: "svc.>" } }
      { service: { account: A, subject: "private.svc" }, to: "shared.svc", share: true }
      { stream: { account: A, subject: "feed.>" }, prefix: "from.a" }
    ]
  }
  CAPPED {
    users: [ ${user("capped")} ]
    limits { max_subscriptions: 1000, max_connections: 20 }
  }
  SYS { users: [ ${user("system")} ] }
}
system_account: SYS
`;

/** Users of the profile `random`, beside `alice`, who may do everything. */
export const RANDOM_USERS = randomUsers(30, 0x5eed);

/** Accounts are brought by the system account, into a directory; the bystander's is there already. */
const TOKENS = `operator: "${OPERATOR.token}"
resolver { type: full, allow_delete: true, interval: "1m", dir: "{folder}/jwt" }
resolver_preload {
  ${OPERATOR.system.id}: "${OPERATOR.tokenOf(OPERATOR.system)}"
  ${WATCH.id}: "${OPERATOR.tokenOf(WATCH)}"
}
log_file: "{folder}/server.log"
`;
/** Behind the INFO. */
const TLS_BLOCK = `tls { cert_file: "${TLS_FILES.certificate}", key_file: "${TLS_FILES.key}", timeout: 5 }`;

export const PROFILES: Readonly<Record<ProfileName, Profile>> = {
  /** Everybody needs a password. */
  guarded: {
    config: `authorization { timeout: 1 }\nmax_pending: 16MB\nwrite_deadline: "2s"\n${ACCOUNTS}`,
    bystander: credentialsOf("watch"),
  },
  /** Whoever says nothing is a guest with few rights. */
  anonymous: {
    config: `
authorization { timeout: 1 }
no_auth_user: guest
accounts {
  WATCH { users: [ ${user("watch")} ] }
  A {
    users: [
      ${user("alice")}
      ${user("guest", `publish: { allow: ["guest.>"] }, subscribe: { allow: ["guest.>"] }`)}
    ]
  }
}`,
    bystander: credentialsOf("watch"),
  },
  /** Control lines as long as they may be, so that what is behind the limit can be reached. */
  wide: {
    config: `max_control_line: 64KB\nauthorization { timeout: 5 }\n${ACCOUNTS}`,
    bystander: credentialsOf("watch"),
  },
  /** Whom no static user is asks a callout service; `alice` and the bystander never do. */
  asked: {
    config: `accounts {
  WATCH { users: [ ${user("watch")} ] }
  A { users: [ ${user("alice")} ] }
  AUTH { users: [ ${user("auth")} ] }
  GUESTS {}
  SYS {}
}
system_account: SYS
authorization {
  timeout: 1
  auth_callout {
    issuer: ${ISSUER.getPublicKey()}
    account: AUTH
    auth_users: [ auth ]
    allowed_accounts: [ GUESTS ]
  }
}`,
    bystander: credentialsOf("watch"),
  },
  /** TLS for everybody. */
  secured: {
    config: `tls { cert_file: "${TLS_FILES.certificate}", key_file: "${TLS_FILES.key}", timeout: 1 }
authorization { timeout: 1 }
${ACCOUNTS}`,
    bystander: credentialsOf("watch"),
    secure: true,
  },
  /** Thirty users whose rights nobody has thought about. */
  random: {
    config: `
accounts {
  WATCH { users: [ ${user("watch")} ] }
  A {
    users: [
      ${user("alice")}
      ${RANDOM_USERS.map((random) => user(random.name, rulesText(random))).join("\n      ")}
    ]
  }
}`,
    bystander: credentialsOf("watch"),
  },
  /** Logs everything it can: the place to look for secrets. */
  talkative: {
    config: `authorization { timeout: 1 }\nlog_file: "{folder}/server.log"\n${ACCOUNTS}`,
    flags: ["-D", "-VV"],
    bystander: credentialsOf("watch"),
  },
  /** A monitoring port for everybody, and mappings; its log is a file. */
  monitored: {
    config: `http: "127.0.0.1:-1"
log_file: "{folder}/server.log"
pid_file: "{folder}/server.pid"
ports_file_dir: "{folder}"
authorization { timeout: 1 }
accounts {
  WATCH { users: [ ${user("watch")} ] }
  A {
    users: [ ${user("alice")}, ${user("limited", `publish: { deny: ["denied.>"] }`)} ]
    ${MAPPINGS}
  }
}`,
    bystander: credentialsOf("watch"),
  },
  /** A monitoring port with a login; users with hashes. */
  locked: {
    config: `http: "127.0.0.1:-1"
monitor_login {
  users: [ ${user("plain")}, ${hashedUser("operator")} ]
  tokens: [ "${secret("monitor-token")}" ]
}
log_file: "{folder}/server.log"
authorization { timeout: 5 }
accounts {
  WATCH { users: [ ${user("watch")} ] }
  A {
    users: [
      ${hashedUser("hashed")}
      ${hashedUser("costly")}
      ${hashedUser("long")}
      ${hashedUser("nul")}
      ${hashedUser("bytes")}
      ${user("alice")}
    ]
  }
}`,
    bystander: credentialsOf("watch"),
  },
  /** Clients need a certificate, and the monitoring port speaks TLS. */
  mutual: {
    config: `https: "127.0.0.1:-1"
tls {
  cert_file: "${TLS_FILES.certificate}", key_file: "${TLS_FILES.key}"
  ca_file: "${TLS_FILES.authority}", verify: true, timeout: 1
}
log_file: "{folder}/server.log"
authorization { timeout: 1 }
${ACCOUNTS}`,
    bystander: credentialsOf("watch"),
    secure: true,
  },
  /** Everybody by tokens; logs everything it can. */
  tokens: { config: TOKENS, flags: ["-D", "-VV"], bystander: { jwt: WATCH_TOKEN } },
  securedTokens: {
    config: `${TLS_BLOCK}\n${TOKENS}`,
    bystander: { jwt: WATCH_TOKEN },
    secure: true,
  },
};
