// Logins: how many per second, what they do to others, what many accounts cost, how soon a change of an
// account is felt, and what a scoped user pays for its rights.
import { ACCOUNTS_PRELOADED, IDENTITIES, revokingToken } from "../identities.ts";
import type { Login } from "../load/job.ts";
import type { ConfigName, Program, Row, Side, Workload } from "../row.ts";
import {
  absolute,
  flow,
  ratio,
  type VersusOptions,
  versus,
  versusSides,
  type Wanted,
  WEFT,
} from "./versus.ts";

const GROUP = "logins";
const PACED_PER_SECOND = 100_000;
const PACED_P99_MAX_US = 5_000;
const LIVE_CONNECTIONS = 1_000;
const EFFECT_MAX_MS = 1_000;
const AT_ONCE = 16;

/**
 * Two plain logins at a time, 100 a second at the most: beside hashes a server is not to spend its
 * time on a thousand others, which the slower one never gets to.
 */
const PLAIN_AT_ONCE = 2;
const PLAIN_REST_MS = 20;

function logins(users: readonly Login[], atOnce = AT_ONCE, restMs?: number): Workload {
  return { kind: "logins", logins: users, atOnce, restMs };
}

function loginRow(
  name: string,
  title: string,
  users: readonly Login[],
  config: ConfigName,
  wanted: Wanted = { throughput: { goal: 1.2, limit: 1.0 }, p99: {}, cpu: {} },
  options: VersusOptions = {},
): Row {
  return versus({ name, group: GROUP, title }, logins(users), wanted, { config, ...options });
}

const service: Workload = {
  kind: "callout-service",
  login: IDENTITIES.service,
  issuerSeed: IDENTITIES.issuerSeed,
};
const paced: Workload = {
  kind: "paced",
  login: IDENTITIES.tokens[0] as Login,
  perSecond: PACED_PER_SECOND,
};

function pacedRow(): Row {
  const sides = versusSides(paced, { config: "tokens", beside: logins(IDENTITIES.tokens) });
  const criteria = [
    { ...absolute("p99", "p99Us", WEFT, PACED_P99_MAX_US) },
    ratio("p99", {}),
    ratio("beside", {}),
  ];
  const title = "100,000 messages per second beside a storm of logins, none lost";
  return { name: "logins-storm", group: GROUP, title, sides, criteria };
}

function pushRow(): Row {
  const { tokens, system, appKey } = IDENTITIES;
  const subject = `$SYS.REQ.ACCOUNT.${appKey}.CLAIMS.UPDATE`;
  const workload: Workload = {
    kind: "claim-push",
    logins: tokens,
    connections: LIVE_CONNECTIONS,
    system,
    subject,
    token: revokingToken(),
  };
  return {
    name: "logins-claim-push",
    group: GROUP,
    title: "push of an account to the end of 1,000 connections that it revokes",
    sides: versusSides(workload, { config: "tokens" }),
    criteria: [absolute("effect", "effectMs", WEFT, EFFECT_MAX_MS), ratio("effect", {})],
  };
}

/** The workload with every publisher and receiver logged in. */
function asUser(workload: Workload, login: Login): Workload {
  if (workload.kind !== "flow") return workload;
  const { publishers, receivers } = workload;
  return {
    ...workload,
    publishers: publishers.map((spec) => ({ ...spec, login })),
    receivers: receivers.map((spec) => ({ ...spec, login })),
  };
}

function scopedRow(name: string, title: string, workload: Workload): Row {
  const side = (program: Program, id: string, login: Login): Side => ({
    id,
    program,
    config: "tokens",
    workload: asUser(workload, login),
  });
  const plain = IDENTITIES.tokens[0] as Login;
  return {
    name,
    group: GROUP,
    title: `users of a scoped key with 50 entries: ${title}`,
    sides: (["reference", "weft"] as const).flatMap((program) => [
      side(program, `${program}-plain`, plain),
      side(program, program, IDENTITIES.scoped),
    ]),
    criteria: [
      ratio("throughput", { goal: 0.95, limit: 0.9 }, "weft", "weft-plain"),
      ratio("throughput", {}, "reference", "reference-plain"),
      ratio("throughput", {}, "weft", "reference"),
    ],
  };
}

export const loginRows: readonly Row[] = [
  loginRow("logins-nkey", "logins with nkeys, 16 at once", IDENTITIES.nkeys, "nkeys"),
  loginRow(
    "logins-jwt",
    "logins with user tokens, of an account that is known",
    IDENTITIES.tokens,
    "tokens",
  ),
  loginRow(
    "logins-callout",
    "logins that a callout service decides",
    IDENTITIES.strangers,
    "callout",
    { throughput: { goal: 1.2, limit: 1.0 }, p99: {}, cpu: {} },
    { beside: service, referenceFrom: "2.10.0" },
  ),
  loginRow(
    "logins-bcrypt",
    "logins with bcrypt of cost 11; meanwhile up to 100 plain ones per second",
    IDENTITIES.costly,
    "hashes",
    { throughput: { goal: 1.0, limit: 0.7 }, beside: { goal: 1.0, limit: 0.8 }, p99: {} },
    { beside: logins(IDENTITIES.plain, PLAIN_AT_ONCE, PLAIN_REST_MS) },
  ),
  pacedRow(),
  versus(
    {
      name: "logins-accounts",
      group: GROUP,
      title: `${ACCOUNTS_PRELOADED.toLocaleString("en")} accounts in the configuration`,
    },
    { kind: "startup", starts: 1 },
    { start: { goal: 1.0, limit: 2.0 }, resident: { goal: 1.0, limit: 2.0 } },
    { config: "accounts" },
  ),
  pushRow(),
  scopedRow("logins-scoped-1-1-16", "1 → 1, 16 B", flow(1, 1, 16)),
  scopedRow("logins-scoped-4-4-128", "4 → 4, 128 B", flow(4, 1, 128)),
];
