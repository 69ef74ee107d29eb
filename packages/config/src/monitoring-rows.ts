// Options of the monitoring port (CK-10, MO-01), with its login, which the reference lacks. Control
// thread. Must stay true: there is one monitoring port, HTTP or HTTPS.
import type { ReadContext } from "./context.ts";
import { fieldNames, forEachField, readBoolean, readList, readMap, readString } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { parseListen } from "./listen.ts";
import { type ConfigEntry, type ConfigNode, describeKind } from "./node.ts";
import {
  boundedInteger,
  checkPort,
  type OptionRow,
  type OptionsDraft,
  type RowFacts,
  rowOf,
  stringRow,
} from "./option-row.ts";
import type { MonitoringOptions, MonitorLogin, MonitorUser, TlsOptions } from "./options.ts";
import { VALUE_BOUNDS } from "./value-bounds.ts";

/** The monitoring port as it is put together from a file, then from flags. Ports as written. */
export interface MonitoringDraft {
  /** Empty = that of the client listener. */
  host: string;
  /** 0 = off, -1 = any free one. */
  httpPort: number;
  httpsPort: number;
  basePath: string;
  login: MonitorLogin | undefined;
}

export function emptyMonitoring(): MonitoringDraft {
  return { host: "", httpPort: 0, httpsPort: 0, basePath: "", login: undefined };
}

/** As flags give them; undefined = the flag was not set. */
export interface MonitoringPorts {
  readonly httpPort?: number | undefined;
  readonly httpsPort?: number | undefined;
}

/** What is no port is left to be told by whoever applies the flags. */
export function putPorts(draft: MonitoringDraft, ports: MonitoringPorts): void {
  for (const key of ["httpPort", "httpsPort"] as const) {
    const port = ports[key] ?? 0;
    if (port !== 0 && port >= -1 && port <= VALUE_BOUNDS.portMax) draft[key] = port;
  }
}

/** What the draft means, or the reference's words for what is wrong with it. */
export function finishMonitoring(
  draft: MonitoringDraft,
  listenerHost: string,
): MonitoringOptions | string | undefined {
  const { httpPort, httpsPort } = draft;
  if (httpPort !== 0 && httpsPort !== 0) {
    return `can't specify both HTTP (${httpPort}) and HTTPs (${httpsPort}) ports`;
  }
  const port = httpPort || httpsPort;
  if (port === 0) return undefined;
  return {
    host: draft.host || listenerHost,
    port: Math.max(port, 0),
    secure: httpsPort !== 0,
    basePath: draft.basePath,
    ...(draft.login !== undefined && { login: draft.login }),
    ...(draft.host === "" && { hostIsDefault: true }),
  };
}

/** The way back, for flags over a file. */
export function draftOfMonitoring(options: MonitoringOptions | undefined): MonitoringDraft {
  if (options === undefined) return emptyMonitoring();
  const port = options.port === 0 ? -1 : options.port;
  return {
    host: options.hostIsDefault === true ? "" : options.host,
    httpPort: options.secure ? 0 : port,
    httpsPort: options.secure ? port : 0,
    basePath: options.basePath,
    login: options.login,
  };
}

/** Rules between the port and TLS; undefined = nothing is wrong. */
export function monitoringMistake(
  monitoring: MonitoringOptions | undefined,
  tls: TlsOptions | undefined,
): string | undefined {
  if (monitoring?.secure === true && tls === undefined) {
    return "TLS cert and key required for HTTPS";
  }
  if (monitoring?.login?.clientCertificate !== true) return undefined;
  if (!monitoring.secure) return "monitor_login: client_certificate needs https";
  if (tls?.caFile === undefined) return "monitor_login: client_certificate needs tls.ca_file";
  return undefined;
}

/** `x`, `/x` and `/x/` are `/x`; `/` is empty. */
export function cleanBasePath(path: string): string {
  const parts: string[] = [];
  for (const part of path.split("/")) {
    if (part === "..") parts.pop();
    else if (part !== "" && part !== ".") parts.push(part);
  }
  return parts.map((part) => `/${part}`).join("");
}

type PortKey = "httpPort" | "httpsPort";

function listenRow(facts: RowFacts, key: PortKey): OptionRow {
  return rowOf(facts, "string", (draft, entry, context) => {
    const address = parseListen(entry.node);
    if (typeof address === "string") {
      context.findings.error(entry.at, address);
      return;
    }
    draft.monitoring.host = address.host;
    draft.monitoring[key] = checkPort(entry, address.port, context) ?? 0;
  });
}

function portRow(facts: RowFacts, key: PortKey): OptionRow {
  return rowOf(facts, "integer", (draft, entry, context) => {
    const port = boundedInteger(entry, {}, context);
    if (port !== undefined) draft.monitoring[key] = checkPort(entry, port, context) ?? 0;
  });
}

const LOGIN_FIELDS = fieldNames({ users: [], tokens: [], client_certificate: [] });
const USER_FIELDS = fieldNames({ user: ["username"], password: ["pass"] });

function applyLogin(draft: OptionsDraft, entry: ConfigEntry, { findings }: ReadContext): void {
  const map = readMap(entry, findings);
  if (map === undefined) return;
  const errorsBefore = findings.errorCount;
  let users: readonly MonitorUser[] = [];
  let tokens: readonly string[] = [];
  let clientCertificate = false;
  forEachField(map, LOGIN_FIELDS, findings, (name, field) => {
    if (name === "users") users = readUsers(field, findings);
    else if (name === "tokens") tokens = readTokens(field, findings);
    else clientCertificate = readBoolean(field, findings) ?? false;
  });
  // Nobody could log in, or everybody: either way it is not what was meant.
  if (users.length + tokens.length === 0 && !clientCertificate) {
    if (findings.errorCount === errorsBefore) {
      findings.error(entry.at, "monitor_login needs users, tokens or client_certificate: true");
    }
    return;
  }
  draft.monitoring.login = { users, tokens, clientCertificate };
}

function readUsers(field: ConfigEntry, findings: Findings): MonitorUser[] {
  const users: MonitorUser[] = [];
  for (const item of readList(field, findings) ?? []) {
    const user = readUser(item, findings);
    if (user === undefined) continue;
    if (users.some((other) => other.user === user.user)) {
      findings.error(item.at, `Duplicate user ${JSON.stringify(user.user)} detected`);
    } else {
      users.push(user);
    }
  }
  return users;
}

function readUser(item: ConfigNode, findings: Findings): MonitorUser | undefined {
  if (item.kind !== "map") {
    findings.error(item.at, `Expected user entry to be a map/struct, got ${describeKind(item)}`);
    return undefined;
  }
  let user = "";
  let password = "";
  forEachField(item, USER_FIELDS, findings, (name, entry) => {
    if (name === "user") user = readString(entry, findings) ?? "";
    else password = readString(entry, findings) ?? "";
  });
  if (user !== "" && password !== "" && !user.includes(":")) return { user, password };
  // A colon ends the name in HTTP's own login.
  findings.error(item.at, "a user of monitor_login needs a name without ':' and a password");
  return undefined;
}

function readTokens(field: ConfigEntry, findings: Findings): string[] {
  const tokens: string[] = [];
  for (const item of readList(field, findings) ?? []) {
    if (item.kind === "string" && /^[\x21-\x7e]+$/.test(item.value)) tokens.push(item.value);
    else findings.error(item.at, "a token of monitor_login is a text without blanks");
  }
  return tokens;
}

export const MONITORING_ROWS: readonly OptionRow[] = [
  listenRow({ name: "http", row: "CK-10" }, "httpPort"),
  listenRow({ name: "https", row: "CK-10" }, "httpsPort"),
  portRow({ name: "http_port", aliases: ["monitor_port"], row: "CK-10" }, "httpPort"),
  portRow({ name: "https_port", row: "CK-10" }, "httpsPort"),
  stringRow({ name: "http_base_path", row: "CK-10" }, (draft, value) => {
    draft.monitoring.basePath = cleanBasePath(value);
  }),
  rowOf({ name: "monitor_login", reloadable: true, row: "Weft" }, "block", applyLogin),
];
