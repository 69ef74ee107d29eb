// From a request as it came to what is to be done about it: a plain value for the driver. Control
// thread; pure. Must stay true: what a request may name is bounded by its subject, so that an
// account's own subject never leads to another account's figures, whatever its body says.
import { ENDPOINTS, type EndpointName, optionsName } from "./endpoints.ts";
import {
  type FilteredServer,
  type OptionTable,
  passesFilter,
  type RequestOptions,
  readOptions,
} from "./request-options.ts";
import type { Service } from "./services.ts";

/** A request's parts; subjects and account names are byte strings. */
export interface ServiceRequest {
  readonly service: Service;
  readonly subject: string;
  /** "" without one. */
  readonly reply: string;
  readonly payload: Buffer;
  /** The body was too long to be taken. */
  readonly isTooLong: boolean;
  /** `Nats-Request-Info` of a request that came through an import; undefined without one. */
  readonly origin: RequestOrigin | undefined;
}

/** Who asks, in the broker's own words (AC-34). */
export interface RequestOrigin {
  readonly acc?: string | undefined;
  readonly svc?: string | undefined;
  readonly user?: string | undefined;
  readonly id?: number | undefined;
}

export type Decision =
  /** Nothing is answered. */
  | { readonly kind: "silence"; readonly why?: string | undefined }
  | { readonly kind: "refuse"; readonly code: number; readonly description: string }
  | { readonly kind: "id" }
  /** `toEverybody`: on the event's own subject. */
  | { readonly kind: "statsz"; readonly toEverybody: boolean }
  | { readonly kind: "page"; readonly name: EndpointName; readonly options: RequestOptions }
  /** The streams of one account: there are none yet. */
  | { readonly kind: "account-streams"; readonly account: string }
  | { readonly kind: "account-info"; readonly account: string }
  | {
      readonly kind: "account-statz";
      /** Empty = all. */
      readonly accounts: readonly string[];
      readonly includesUnused: boolean;
    }
  | { readonly kind: "account-connections"; readonly account: string }
  | { readonly kind: "user-info"; readonly origin: RequestOrigin }
  /** `account` undefined = the system account; in an envelope of its own: none. */
  | {
      readonly kind: "subscribers";
      readonly account: string | undefined;
      readonly filter: string;
      readonly queue: string | undefined;
    }
  | { readonly kind: "profile"; readonly name: string; readonly durationNanos: number }
  | { readonly kind: "reload" }
  | { readonly kind: "kick" | "lame-duck"; readonly clientId: number };

const BAD_REQUEST = 400;
const TOO_LONG = 413;
const SILENCE: Decision = { kind: "silence" };
const PROFILE_OPTIONS: OptionTable = { name: "string", debug: "int", duration: "time.Duration" };
const STATZ_OPTIONS: OptionTable = { accounts: "[]string", include_unused: "bool" };

type Outcome =
  | { readonly ok: true; readonly options: RequestOptions }
  | { readonly ok: false; readonly decision: Decision };

/** Reads the body; a request for other servers is silence. */
function optionsOf(
  request: ServiceRequest,
  server: FilteredServer,
  table: OptionTable,
  structName: string,
): Outcome {
  const read = readOptions(request.payload, table, structName);
  if (!read.ok) {
    const { description } = read;
    return { ok: false, decision: { kind: "refuse", code: BAD_REQUEST, description } };
  }
  const isForUs = request.payload.length === 0 || passesFilter(read.options, server);
  return isForUs ? read : { ok: false, decision: SILENCE };
}

/** What to do about `request`. */
export function decide(request: ServiceRequest, server: FilteredServer): Decision {
  const { service, reply } = request;
  if (request.isTooLong) {
    return { kind: "refuse", code: TOO_LONG, description: "request body too long" };
  }
  if (service.kind === "statsz") return decideStatsz(request, server);
  if (reply === "") return SILENCE;
  switch (service.kind) {
    case "id":
      return { kind: "id" };
    case "page":
      return decidePage(request, server, service.name, {});
    case "account-page":
      return decideAccountPage(request, server, service.name);
    case "account-info":
      return decideAccountInfo(request, server);
    case "account-statz":
    case "accounts-statz":
      return decideStatz(request, server);
    case "account-connections":
      return decideConnections(request);
    case "user-info":
      return { kind: "user-info", origin: request.origin ?? {} };
    case "subscribers":
      return decideSubscribers(request);
    case "subscribers-sum":
      return decideSubscribersSum(request);
    case "profile":
      return decideProfile(request, server);
    case "reload":
    case "kick":
    case "lame-duck":
      return decideOrder(request, server, service.kind);
    case "claims":
      return SILENCE;
  }
}

function decideStatsz(request: ServiceRequest, server: FilteredServer): Decision {
  const read = optionsOf(request, server, {}, "server.StatszEventOptions");
  return read.ok ? { kind: "statsz", toEverybody: request.reply === "" } : read.decision;
}

function decidePage(
  request: ServiceRequest,
  server: FilteredServer,
  name: EndpointName,
  fixed: RequestOptions,
): Decision {
  const read = optionsOf(request, server, ENDPOINTS[name], optionsName(name));
  if (!read.ok) return read.decision;
  return { kind: "page", name, options: { ...read.options, ...fixed } };
}

/** The account that the subject names: `$SYS.REQ.ACCOUNT.<account>.<what>`. */
function accountOf(subject: string): string {
  return subject.split(".")[3] ?? "";
}

function decideAccountPage(
  request: ServiceRequest,
  server: FilteredServer,
  name: "SUBSZ" | "CONNZ" | "LEAFZ" | "JSZ",
): Decision {
  const account = accountOf(request.subject);
  const fixed: RequestOptions =
    name === "CONNZ"
      ? { acc: account }
      : name === "SUBSZ"
        ? { account, subscriptions: true }
        : { account };
  const decision = decidePage(request, server, name, fixed);
  return name === "JSZ" && decision.kind === "page"
    ? { kind: "account-streams", account }
    : decision;
}

function decideAccountInfo(request: ServiceRequest, server: FilteredServer): Decision {
  const read = optionsOf(request, server, {}, "server.AccInfoEventOptions");
  if (!read.ok) return read.decision;
  return { kind: "account-info", account: accountOf(request.subject) };
}

function decideStatz(request: ServiceRequest, server: FilteredServer): Decision {
  const read = optionsOf(request, server, STATZ_OPTIONS, "server.AccountStatzEventOptions");
  if (!read.ok) return read.decision;
  const includesUnused = read.options["include_unused"] === true;
  if (request.service.kind === "accounts-statz") {
    const accounts = (read.options["accounts"] ?? []) as readonly string[];
    return { kind: "account-statz", accounts, includesUnused };
  }
  const account = accountOf(request.subject);
  // The subject for all accounts also comes here, as its own name fits.
  if (account === "PING") return SILENCE;
  return { kind: "account-statz", accounts: [account], includesUnused };
}

function decideConnections(request: ServiceRequest): Decision {
  const account = accountOf(request.subject);
  const read = readOptions(request.payload, { acc: "string" }, "server.accNumConnsReq");
  if (!read.ok) return { kind: "silence", why: read.description };
  const named = read.options["acc"] ?? account;
  if (named !== account) return { kind: "silence", why: "account does not match subject" };
  return { kind: "account-connections", account };
}

function decideSubscribers(request: ServiceRequest): Decision {
  const { origin } = request;
  const [filter = "", queue] = request.payload.toString("latin1").trim().split(" ");
  // Who passed the request on is who wants to know; else who asked; else the system account.
  return { kind: "subscribers", account: origin?.svc || origin?.acc || undefined, filter, queue };
}

/** SY-34: asked by other servers. */
function decideSubscribersSum(request: ServiceRequest): Decision {
  const table: OptionTable = { acc: "string", subject: "string", queue: "string" };
  if (request.payload.length === 0) return { kind: "silence", why: "request requires a body" };
  const read = readOptions(request.payload, table, "server.accNumSubsReq");
  if (!read.ok) return { kind: "silence", why: read.description };
  const { acc, subject, queue } = read.options;
  if (typeof acc !== "string" || acc === "") return SILENCE;
  return {
    kind: "subscribers",
    account: acc,
    filter: Buffer.from(String(subject ?? "")).toString("latin1"),
    queue:
      queue === undefined ? undefined : Buffer.from(String(queue), "base64").toString("latin1"),
  };
}

function decideProfile(request: ServiceRequest, server: FilteredServer): Decision {
  const read = optionsOf(request, server, PROFILE_OPTIONS, "server.ProfilezEventOptions");
  if (!read.ok) return read.decision;
  const { name, duration } = read.options;
  return { kind: "profile", name: String(name ?? ""), durationNanos: Number(duration ?? 0) };
}

function decideOrder(
  request: ServiceRequest,
  server: FilteredServer,
  kind: "reload" | "kick" | "lame-duck",
): Decision {
  const isAboutClient = kind !== "reload";
  const table: OptionTable = isAboutClient ? { cid: "uint64" } : {};
  const read = optionsOf(request, server, table, "server.EventFilterOptions");
  if (!isAboutClient) return read.ok ? { kind } : read.decision;
  // Whoever asks for a connection to be closed and does not say which gets no answer.
  if (!read.ok) {
    const { decision } = read;
    return decision.kind === "refuse" ? { kind: "silence", why: decision.description } : decision;
  }
  if (request.payload.length === 0) return { kind: "silence", why: "unexpected end of JSON input" };
  return { kind, clientId: Number(read.options["cid"] ?? 0) };
}
