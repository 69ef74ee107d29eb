// Pages of monitoring for the system account (SY-21, SY-25, SY-31): the same functions as over HTTP,
// with options from a request's body. Control thread; loaded with the first request. Must stay true:
// a page is made and encoded with pauses, and is bounded.
import { LIMITS } from "@weft/base";
import type { EndpointName, RequestOptions } from "@weft/control";
import {
  accountz,
  accstatz,
  CONNZ_DEFAULTS,
  type ConnzOptions,
  connz,
  debugValues,
  encodeJson,
  gatewayz,
  healthz,
  ipqueuesz,
  isMistake,
  type JsonObject,
  type JsonValue,
  jsonChunks,
  jsz,
  leafz,
  type Mistake,
  type MonitorFacts,
  type Outcome,
  PAGE_TOO_LARGE,
  pageBytes,
  routez,
  type Steps,
  subsz,
  varz,
} from "@weft/monitor";
import { runSteps, type StepSources } from "./monitor-steps.ts";
import type { RenderTurns } from "./render-turns.ts";

/** JSON text in pieces, or why there is none. */
export type PageResult =
  | { readonly ok: true; readonly body: readonly Buffer[] }
  | { readonly ok: false; readonly error: string };

type Value = JsonValue | Mistake;
type Made = Value | Steps<Outcome>;

const INT64_MAX = 2n ** 63n - 1n;
const UINT64_MAX = 2n ** 64n - 1n;
const STATES = ["open", "closed", "all"] as const;

function text(options: RequestOptions, name: string): string {
  return String(options[name] ?? "");
}

function flag(options: RequestOptions, name: string): boolean {
  return options[name] === true;
}

/** What was read of the largest numbers is the next one above them. */
function integer(options: RequestOptions, name: string, max = INT64_MAX): bigint {
  const value = BigInt(Number(options[name] ?? 0));
  return value > max ? max : value;
}

/** In one line, as the reference answers requests. */
const TIGHT_FORM = { indent: "", bytesMax: LIMITS.systemPageBytesMax };

function connzRequest(options: RequestOptions): ConnzOptions {
  return {
    ...CONNZ_DEFAULTS,
    sort: text(options, "sort"),
    auth: flag(options, "auth"),
    subscriptions: flag(options, "subscriptions_detail")
      ? "detail"
      : flag(options, "subscriptions")
        ? "names"
        : "none",
    offset: integer(options, "offset"),
    limit: integer(options, "limit"),
    clientId: integer(options, "cid", UINT64_MAX),
    state: STATES[Number(options["state"] ?? 0)] ?? "none",
    user: text(options, "user"),
    account: text(options, "acc"),
    mqttClient: text(options, "mqtt_client"),
    filterSubject: text(options, "filter_subject"),
  };
}

const PAGES: Readonly<Record<EndpointName, (facts: MonitorFacts, o: RequestOptions) => Made>> = {
  VARZ: (facts) => varz(facts),
  CONNZ: (facts, options) => connz(facts, connzRequest(options), TIGHT_FORM),
  SUBSZ: (facts, options) =>
    subsz(facts, {
      subscriptions: flag(options, "subscriptions"),
      offset: integer(options, "offset"),
      limit: integer(options, "limit"),
      account: text(options, "account"),
      test: text(options, "test"),
    }),
  ROUTEZ: (facts) => routez(facts),
  GATEWAYZ: (facts) => gatewayz(facts),
  LEAFZ: (facts) => leafz(facts),
  ACCOUNTZ: (facts, options) => accountz(facts, text(options, "account")),
  JSZ: (facts, options) => jsz(facts, flag(options, "leader_only")),
  HEALTHZ: (facts, options) => {
    const { statusCode, value } = healthz(facts, {
      account: text(options, "account"),
      stream: text(options, "stream"),
      consumer: text(options, "consumer"),
      details: flag(options, "details"),
    });
    const { status = "", ...errors } = value;
    return { status, status_code: statusCode, ...errors };
  },
  EXPVARZ: (facts) => {
    const { memstats, cmdline } = debugValues(facts);
    return { memstats, cmdline };
  },
  IPQUEUESZ: (facts, options) =>
    ipqueuesz(facts, { all: flag(options, "all"), filter: text(options, "filter") }),
  // There are no groups, which the reference says so.
  RAFTZ: () => ({}),
};

/** What control knows, and how it gets what it does not. */
export interface PageSources {
  readonly facts: MonitorFacts;
  readonly sources: StepSources;
  readonly turns: RenderTurns;
}

function isSteps(made: Made): made is Steps<Outcome> {
  return typeof made === "object" && made !== null && "next" in made;
}

export async function systemPage(
  name: EndpointName,
  options: RequestOptions,
  { facts, sources }: PageSources,
): Promise<PageResult> {
  const made = PAGES[name](facts, options);
  return resultOf(isSteps(made) ? await runSteps(made, sources) : made, sources);
}

/** SY-31, `INFO`: the account alone. */
export async function accountDetail(
  account: string,
  { facts, sources }: PageSources,
): Promise<PageResult> {
  const made = await runSteps(accountz(facts, account), sources);
  return resultOf(isMistake(made) ? made : (made["account_detail"] ?? {}), sources);
}

/** SY-31, SY-32. `accounts`: these only; empty = all. Undefined = none of them is there. */
export async function accountsStatz(
  accounts: readonly string[],
  includesUnused: boolean,
  { facts, sources }: PageSources,
): Promise<PageResult | undefined> {
  const made = await runSteps(accstatz(facts, includesUnused, accounts), sources);
  const found = made["account_statz"];
  const isEmpty = !Array.isArray(found) || found.length === 0;
  return isEmpty && !includesUnused ? undefined : resultOf(made, sources);
}

async function resultOf(made: Value, sources: StepSources): Promise<PageResult> {
  if (isRefusal(made)) return { ok: false, error: made.mistake };
  const chunks = isObject(made) ? jsonChunks(made, "") : [encodeJson(made, "")];
  const encoded = await runSteps(pageBytes(chunks, LIMITS.systemPageBytesMax), sources);
  if (encoded === undefined) return { ok: false, error: PAGE_TOO_LARGE };
  return { ok: true, body: encoded.pieces };
}

function isObject(made: Value): made is JsonObject {
  return (
    typeof made === "object" && made !== null && !Array.isArray(made) && !(made instanceof Map)
  );
}

function isRefusal(made: Value): made is Mistake {
  return typeof made === "object" && made !== null && isMistake(made as Outcome);
}
