// A36, A45, A52, A56, A71: configurations that must not be served, or not to everybody. These start
// servers of their own, since it is the start that is attacked.

import { scaled } from "../attack-case.ts";
import { AttackedServer } from "../attacked-server.ts";
import { RawClient } from "../raw-client.ts";
import { SECRET_MARK, secret } from "../secrets.ts";
import { within } from "../waiting.ts";
import { check } from "./expect.ts";

const REFUSED_WITHIN_MS = 15_000;

export interface AnonymousRow {
  readonly name: string;
  readonly config: string;
  /** Whether somebody without credentials is served. */
  readonly isOpen: boolean;
}

const USER = `{ user: "u", password: "${secret("matrix")}" }`;
const NKEY = `{ nkey: "UBBXUM43K2TW2T4PNJYTARZBLKOYGWT65LJHZWCFPKDFH35HEE7IGHNF" }`;

/** CVE-2023-47090 and what is near it. */
export const ANONYMOUS_ROWS: readonly AnonymousRow[] = [
  { name: "nothing", config: "", isOpen: true },
  { name: "an empty block", config: "authorization { timeout: 1 }", isOpen: true },
  {
    name: "one user",
    config: `authorization { user: u, password: "${secret("m")}" }`,
    isOpen: false,
  },
  { name: "a token", config: `authorization { token: "${secret("m")}" }`, isOpen: false },
  { name: "users", config: `authorization { users: [ ${USER} ] }`, isOpen: false },
  { name: "nkeys", config: `authorization { users: [ ${NKEY} ] }`, isOpen: false },
  { name: "an account with users", config: `accounts { A { users: [ ${USER} ] } }`, isOpen: false },
  // The reference lets everybody in here on purpose: such users are for the system account alone.
  {
    name: "only the system account, named",
    config: `accounts { SYS { users: [ ${USER} ] } }\nsystem_account: SYS`,
    isOpen: true,
  },
  { name: "only $SYS", config: `accounts { $SYS { users: [ ${USER} ] } }`, isOpen: true },
  // The advisory: whoever wrote an authorization block does not mean everybody.
  {
    name: "only $SYS beside an authorization block",
    config: `authorization { timeout: 1 }\naccounts { $SYS { users: [ ${USER} ] } }`,
    isOpen: false,
  },
  {
    name: "only a named system account beside an empty authorization block",
    config: `authorization { }\naccounts { SYS { users: [ ${USER} ] } }\nsystem_account: SYS`,
    isOpen: false,
  },
  {
    name: "$SYS and an account without users",
    config: `accounts { $SYS { users: [ ${USER} ] }, A { } }`,
    isOpen: false,
  },
  { name: "accounts without users", config: "accounts { A { }, B { } }", isOpen: true },
  {
    name: "a user for anonymous clients",
    config: `no_auth_user: u\nauthorization { users: [ ${USER} ] }`,
    isOpen: true,
  },
];

/** Starts the row's server and asks it, without credentials, in both ways. */
export async function assertAnonymous(row: AnonymousRow): Promise<void> {
  const server = await AttackedServer.start({ workers: 1, config: row.config });
  try {
    for (const opening of ['CONNECT {"verbose":false}\r\nPING\r\n', "PUB x 1\r\n.\r\nPING\r\n"]) {
      const client = await RawClient.open(server.port);
      client.send(opening);
      await client.sees(/PONG|-ERR/, 4_000);
      const isOpen = /PONG/.test(client.received);
      client.destroy();
      const verdict = isOpen ? "served" : "refused";
      check(isOpen === row.isOpen, `${row.name}: ${opening.slice(0, 7)} was ${verdict}`);
    }
  } finally {
    await server.stop();
  }
}

/** Accounts in a circle, each importing from the next; `length` 1 imports from itself. */
export function cycleConfig(length: number, kind: "service" | "stream"): string {
  const accounts = Array.from({ length }, (_, index) => {
    const next = (index + 1) % length;
    const own = kind === "service" ? `{ service: "x" }` : `{ stream: "x" }`;
    const imported =
      kind === "service"
        ? `{ service: { account: N${next}, subject: "x" } }`
        : `{ stream: { account: N${next}, subject: "x" } }`;
    return `N${index} { exports: [ ${own} ], imports: [ ${imported} ] }`;
  });
  return `accounts {\n${accounts.join("\n")}\n}`;
}

/** The same without the last link: long, but no circle. */
export function chainConfig(length: number): string {
  const accounts = Array.from({ length }, (_, index) => {
    const imports =
      index === 0 ? "" : `, imports: [ { service: { account: N${index - 1}, subject: "x" } } ]`;
    return `N${index} { exports: [ { service: "x" } ] ${imports} }`;
  });
  return `accounts {\n${accounts.join("\n")}\n}`;
}

/** Many accounts that all import from one another's exports, by wildcards that overlap. */
export function crowdConfig(count: number): string {
  const accounts = Array.from({ length: count }, (_, index) => {
    const from =
      index === 0
        ? ""
        : `imports: [
      { stream: { account: HUB, subject: "feed.*.>" }, prefix: "a${index}" }
      { stream: { account: HUB, subject: "feed.x.>" }, prefix: "b${index}" }
      { service: { account: HUB, subject: "svc.${index}" } }
    ]`;
    return `C${index} { ${from} }`;
  });
  return `accounts {
  HUB { exports: [ { stream: "feed.>" }, { service: "svc.>" } ] }
  ${accounts.join("\n")}
}`;
}

/** Mappings that no message can follow (A52), and why. */
export const WRONG_MAPPINGS: readonly (readonly [string, RegExp])[] = [
  [`mappings { "a.*": "b.{{wildcard(99)}}" }`, /wildcard index out of range/],
  [`mappings { "a.*": "b.{{wildcard(-1)}}" }`, /wildcard index out of range/],
  [`mappings { "a.*": "b.$2" }`, /wildcard index out of range/],
  [`mappings { "a.*": "b.{{nosuch(1)}}" }`, /unknown function/],
  [`mappings { "a.*": "b.{{partition(99999999999999999999,1)}}" }`, /argument is invalid/],
  [`mappings { "a.*": "b.{{partition(-1,1)}}" }`, /invalid/],
  [`mappings { "a.*": "b.{{random(-1)}}" }`, /invalid/],
  [`mappings { "a.>": "b..>" }`, /invalid/],
  [`mappings { a: [{ destination: b, weight: 60 }, { destination: c, weight: 60 }] }`, /<= 100/],
  [`mappings { a: [{ destination: b, weight: -1 }] }`, /weight/],
];

/** Mistakes near a secret (A71): what is told of them must not hold it. */
export const SECRETS_IN_MISTAKES: readonly string[] = [
  `authorization { users: [ {user: x, password: "${secret("m1")}", bogus: 1 } ] }`,
  `authorization { users: [ {user: x, password: "${secret("m2")}`,
  `authorization { users: [ {user: x, pasword: "${secret("m3")}" } ] }`,
  `authorization { users: [ [x, "${secret("m4")}"] ] }`,
  `authorization { users: [ "${secret("m5")}" ] }`,
  `authorization { users: [ { nkey: "${secret("m6")}" } ] }`,
  `authorization { token: [ "${secret("m7")}" ] }`,
  `authorization { password: { a: "${secret("m8")}" } }`,
  `authorization { user: x, password: "${secret("m9")}" "${secret("m9b")}" }`,
  `authorization { user: x, password: "${secret("m10")}\\q" }`,
  `authorization { user: x, password: ${secret("m11")}, timeout: [ }`,
  `monitor_login { users: [ {user: x, password: "${secret("m12")}", x: 1} ] }`,
  `monitor_login { tokens: [ [ "${secret("m13")}" ], "${secret("m14")} x" ] }`,
  `password: "${secret("m15")}"`,
];

/** The server does not start, and tells no secret of its configuration. */
export async function assertTellsNoSecret(config: string): Promise<void> {
  const server = await AttackedServer.launch({ workers: 1, config });
  try {
    const { code } = await within(server.ended, REFUSED_WITHIN_MS, "the refusal");
    check(code === 1, `ended with ${code}\n${server.output().slice(-500)}`);
    check(!server.output().includes(SECRET_MARK), `told a secret: ${server.output().slice(-500)}`);
  } finally {
    await server.stop();
  }
}

/** The server does not start, says why, and takes no long time over it. */
export async function assertRefused(config: string, why: RegExp): Promise<void> {
  const server = await AttackedServer.launch({ workers: 1, config });
  try {
    const exit = await within(server.ended, REFUSED_WITHIN_MS, "the refusal of a configuration");
    check(exit.code === 1, `ended with ${JSON.stringify(exit)}\n${server.output().slice(-500)}`);
    check(why.test(server.output()), `said ${server.output().slice(-500)}`);
  } finally {
    await server.stop();
  }
}

/** The server starts in time. */
export async function assertServes(config: string, workers: number): Promise<void> {
  const server = await AttackedServer.start({ workers, config });
  await server.stop();
}

export const CYCLE_LENGTHS: readonly number[] = scaled(0, 1)
  ? Array.from({ length: 19 }, (_, index) => index + 2)
  : [2, 3, 20];

/** Each value twice the one before. */
function doublings(count: number): string {
  const lines = Array.from(
    { length: count },
    (_, index) => `v${index + 1}: [ $v${index}, $v${index} ]`,
  );
  return `v0: [ 1, 1 ]\n${lines.join("\n")}\n`;
}

const NESTED = /\.conf:1:\d+: values are nested more than \d+ deep/;

/** Depth and width that a reader of configurations must stand. */
export function bombConfigs(): readonly (readonly [string, RegExp])[] {
  const deep = scaled(100_000, 1_000_000);
  return [
    [`a: ${"{ b: ".repeat(deep)}1${" }".repeat(deep)}`, NESTED],
    [`a: ${"[".repeat(deep)}${"]".repeat(deep)}`, NESTED],
    ["a: $b\nb: $a\n", /\.conf:1:\d+: variable reference for 'b' on line 1 can not be found/],
    ["include 'server.conf'\n", /\.conf:1:\d+: include loop: /],
    // A small text that stands for very many values.
    [doublings(scaled(40, 400)), /\.conf:\d+:\d+: more than \d+ values/],
  ];
}
