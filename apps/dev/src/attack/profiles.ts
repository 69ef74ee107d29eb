// The configurations that attacks run against. Each has an account for the bystander alone, so that
// what reaches it over the account's own subjects is not what is measured.
import { fileURLToPath } from "node:url";
import { randomUsers, rulesText } from "./random-rights.ts";
import type { Credentials } from "./raw-client.ts";
import { secret } from "./secrets.ts";

export interface Profile {
  readonly config: string;
  readonly flags?: readonly string[] | undefined;
  readonly bystander: Credentials;
  /** The listener asks for TLS behind its INFO. */
  readonly secure?: boolean | undefined;
}

export type ProfileName = "guarded" | "anonymous" | "wide" | "talkative" | "secured" | "random";

export function credentialsOf(user: string): Credentials {
  return { user, pass: secret(user) };
}

const certificates = fileURLToPath(new URL("../../../../packages/net/testdata/", import.meta.url));

/** TLS material that the tests of the sockets use. */
export const TLS_FILES = {
  certificate: `${certificates}server.pem`,
  key: `${certificates}server.key`,
} as const;

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
    flags: ["-D", "-V"],
    bystander: credentialsOf("watch"),
  },
};
