// `tls { ... }` of the client listener (TL-01 to TL-14). Control thread. Files are named here and
// read by the driver: through the source's port when it has one, else at the start.
import {
  isCipherSuite,
  isCurve,
  isInsecureCipherSuite,
  openSslCipherName,
} from "./cipher-suites.ts";
import type { ReadContext } from "./context.ts";
import { parseDuration } from "./duration.ts";
import { fieldNames, forEachField, readMap, readSeconds } from "./fields.ts";
import type { Findings } from "./findings.ts";
import { type ConfigEntry, describeKind } from "./node.ts";
import {
  type CertificateFiles,
  defaultTls,
  HANDSHAKE_FIRST_FALLBACK_MS,
  type HandshakeFirst,
  type TlsOptions,
} from "./options.ts";
import { reportUnsupported } from "./unsupported.ts";

const TLS_FIELDS = fieldNames({
  cert_file: [],
  key_file: [],
  ca_file: [],
  certs: ["certificates"],
  insecure: [],
  verify: [],
  verify_and_map: [],
  verify_cert_and_check_known_urls: [],
  allow_insecure_cipher_suites: [],
  cipher_suites: [],
  curve_preferences: [],
  timeout: [],
  connection_rate_limit: [],
  pinned_certs: [],
  handshake_first: ["first", "immediate"],
  min_version: [],
  ocsp_peer: [],
  cert_store: [],
  cert_match_by: [],
  cert_match: [],
  ca_certs_match: [],
  cert_match_skip_invalid: [],
});
type TlsField = typeof TLS_FIELDS extends ReadonlyMap<string, infer K> ? K : never;
type Draft = { -readonly [K in keyof TlsOptions]: TlsOptions[K] };

const PREFIX = "error parsing tls config";

/** Reads the block; undefined when it is no map. `role`: a client needs no certificate. */
export function readTls(
  entry: ConfigEntry,
  context: ReadContext,
  role: "server" | "client" = "server",
): TlsOptions | undefined {
  const { findings } = context;
  const map = readMap(entry, findings);
  if (map === undefined) return undefined;
  const draft: Draft = defaultTls();
  forEachField(
    map,
    TLS_FIELDS,
    findings,
    (name, field) => readField(name, field, draft, context),
    (key) => `${PREFIX}, unknown field ${JSON.stringify(key)}`,
  );
  const errorsBefore = findings.errors.length;
  checkTls(entry, draft, role, findings);
  checkCipherSuites(entry, draft, findings);
  if (findings.errors.length === errorsBefore) {
    const fault = context.checkTlsFiles?.(draft);
    if (fault !== undefined) findings.error(entry.at, fault);
  }
  return draft;
}

function readField(name: TlsField, field: ConfigEntry, draft: Draft, context: ReadContext): void {
  const { findings } = context;
  switch (name) {
    case "cert_file":
      draft.certFile = readFilename(field, findings);
      break;
    case "key_file":
      draft.keyFile = readFilename(field, findings);
      break;
    case "ca_file":
      draft.caFile = readFilename(field, findings);
      break;
    case "certs":
      draft.certs = readCertificates(field, findings);
      break;
    case "insecure":
      draft.insecure = readFlag(field, findings);
      break;
    case "verify":
      draft.verify = readFlag(field, findings);
      break;
    case "verify_and_map":
      draft.verifyAndMap = readFlag(field, findings);
      break;
    case "verify_cert_and_check_known_urls":
      if (readFlag(field, findings)) {
        findings.error(field.at, `${field.key} not supported in this context`);
      }
      break;
    case "allow_insecure_cipher_suites":
      draft.allowInsecureCipherSuites = readFlag(field, findings);
      break;
    default:
      readSetting(name, field, draft, context);
  }
}

function readSetting(
  name: Exclude<TlsField, "cert_file" | "key_file" | "ca_file" | "certs" | "insecure">,
  field: ConfigEntry,
  draft: Draft,
  context: ReadContext,
): void {
  const { findings } = context;
  switch (name) {
    case "cipher_suites":
      draft.cipherSuites = readNames(field, isCipherSuite, "cipher", findings);
      break;
    case "curve_preferences":
      draft.curvePreferences = readNames(field, isCurve, "curve preference", findings);
      break;
    case "timeout":
      draft.timeoutMs = readSeconds(field, "tls config", findings) || draft.timeoutMs;
      break;
    case "connection_rate_limit":
      draft.connectionRateLimit = readRateLimit(field, findings);
      break;
    case "pinned_certs":
      draft.pinnedCerts = readPins(field, findings);
      break;
    case "handshake_first":
      draft.handshakeFirst = readHandshakeFirst(field, findings);
      break;
    case "min_version":
      draft.minVersion = readMinVersion(field, findings);
      break;
    case "ocsp_peer":
      reportUnsupported(field, "OCSP", context, findings);
      break;
    default:
      findings.error(field.at, `${field.key} not compatible with current operating system`);
  }
}

function readFilename(field: ConfigEntry, findings: Findings): string | undefined {
  if (field.node.kind === "string") return field.node.value || undefined;
  findings.error(field.at, `${PREFIX}, expected '${field.key}' to be filename`);
  return undefined;
}

function readFlag(field: ConfigEntry, findings: Findings): boolean {
  if (field.node.kind === "boolean") return field.node.value;
  findings.error(field.at, `${PREFIX}, expected '${field.key}' to be a boolean`);
  return false;
}

const PAIR_FIELDS = fieldNames({ cert_file: [], key_file: [] });

function readCertificates(field: ConfigEntry, findings: Findings): CertificateFiles[] {
  const items = field.node.kind === "list" ? field.node.items : [field.node];
  const pairs: CertificateFiles[] = [];
  for (const item of items) {
    if (item.kind !== "map" || field.node.kind !== "list") {
      const found = describeKind(item);
      findings.error(item.at, `error parsing certificates config: unsupported type: ${found}`);
      continue;
    }
    let certFile: string | undefined;
    let keyFile: string | undefined;
    const unknown = (key: string): string =>
      `error parsing tls certs config, unknown field ${JSON.stringify(key)}`;
    forEachField(
      item,
      PAIR_FIELDS,
      findings,
      (name, file) => {
        if (name === "cert_file") certFile = readFilename(file, findings);
        else keyFile = readFilename(file, findings);
      },
      unknown,
    );
    if (certFile === undefined || keyFile === undefined) {
      findings.error(
        item.at,
        "error parsing certificates config: both 'cert_file' and 'key_file' options are required",
      );
    } else {
      pairs.push({ certFile, keyFile });
    }
  }
  return pairs;
}

function readNames(
  field: ConfigEntry,
  isKnown: (name: string) => boolean,
  what: string,
  findings: Findings,
): string[] | undefined {
  if (field.node.kind !== "list") {
    findings.error(field.at, `${PREFIX}, expected '${field.key}' to be an array`);
    return undefined;
  }
  if (field.node.items.length === 0) {
    findings.error(field.at, `${PREFIX}, '${field.key}' cannot be empty`);
    return undefined;
  }
  const names: string[] = [];
  for (const item of field.node.items) {
    const name = item.kind === "string" ? item.value : describeKind(item);
    if (isKnown(name)) names.push(name);
    else findings.error(item.at, `unrecognized ${what} ${name}`);
  }
  return names;
}

/** TL-12. Below 0 is no limit, as in the reference. */
function readRateLimit(field: ConfigEntry, findings: Findings): number {
  if (field.node.kind === "integer") return Math.max(0, field.node.value);
  findings.error(field.at, `${PREFIX}, 'connection_rate_limit' wrong type`);
  return 0;
}

/** TL-13. */
function readPins(field: ConfigEntry, findings: Findings): string[] {
  const format = "hex-encoded sha256 of DER encoded SubjectPublicKeyInfo";
  if (field.node.kind !== "list") {
    findings.error(field.at, `${PREFIX}, expected 'pinned_certs' to be a list of ${format}`);
    return [];
  }
  const pins: string[] = [];
  for (const item of field.node.items) {
    const pin = item.kind === "string" ? item.value.toLowerCase() : describeKind(item);
    if (/^[a-f0-9]{64}$/.test(pin)) pins.push(pin);
    else {
      findings.error(item.at, `${PREFIX}, 'pinned_certs' key ${pin} does not look like ${format}`);
    }
  }
  return pins;
}

/** TL-10. */
function readHandshakeFirst(field: ConfigEntry, findings: Findings): HandshakeFirst {
  const node = field.node;
  const key = JSON.stringify(field.key);
  if (node.kind === "boolean") return node.value;
  if (node.kind !== "string") {
    const found = describeKind(node);
    findings.error(field.at, `field ${key} should be a boolean or a string, got ${found}`);
    return false;
  }
  switch (node.value.toLowerCase()) {
    case "true":
    case "on":
      return true;
    case "false":
    case "off":
      return false;
    case "auto":
    case "auto_fallback":
      return { fallbackMs: HANDSHAKE_FIRST_FALLBACK_MS };
  }
  const fallbackMs = parseDuration(node.value);
  if (typeof fallbackMs === "number" && fallbackMs >= 0) {
    return fallbackMs === 0 ? true : { fallbackMs };
  }
  findings.error(field.at, `field ${key}'s value ${JSON.stringify(node.value)} is invalid`);
  return false;
}

/** TL-08. */
function readMinVersion(field: ConfigEntry, findings: Findings): TlsOptions["minVersion"] {
  const node = field.node;
  if (node.kind === "string" && (node.value === "1.2" || node.value === "1.3")) return node.value;
  const shown = "value" in node ? String(node.value) : describeKind(node);
  if (node.kind !== "string") {
    findings.error(field.at, `${PREFIX}: 'min_version' wrong type: ${shown}`);
  } else if (shown === "1.0" || shown === "1.1") {
    findings.error(field.at, `${PREFIX}: unsupported TLS version: TLS ${shown}`);
  } else {
    findings.error(field.at, `${PREFIX}: unknown version: ${shown}`);
  }
  return "1.2";
}

function checkTls(
  entry: ConfigEntry,
  draft: Draft,
  role: "server" | "client",
  findings: Findings,
): void {
  if (draft.verifyAndMap) draft.verify = true;
  if (draft.certs.length > 0 && draft.certFile !== undefined) {
    findings.error(entry.at, `${PREFIX}, cannot combine 'cert_file' option with 'certs' option`);
  } else if (draft.certFile !== undefined && draft.keyFile === undefined) {
    findings.error(entry.at, "missing 'key_file' in TLS configuration");
  } else if (draft.certFile === undefined && draft.keyFile !== undefined) {
    findings.error(entry.at, "missing 'cert_file' in TLS configuration");
  } else if (role === "server" && draft.certFile === undefined && draft.certs.length === 0) {
    // Section 17, TL-02: the reference starts, and no handshake can succeed.
    findings.advise(entry.at, "tls has no certificate: clients will not be able to connect");
  }
}

/** TL-07. */
function checkCipherSuites(entry: ConfigEntry, draft: Draft, findings: Findings): void {
  const suites = draft.cipherSuites ?? [];
  const insecure = suites.filter(isInsecureCipherSuite);
  if (insecure.length > 0 && !draft.allowInsecureCipherSuites) {
    findings.error(
      entry.at,
      "insecure cipher suites configured without 'allow_insecure_cipher_suites' option set: " +
        insecure.join(", "),
    );
    return;
  }
  const gone = suites.filter((name) => openSslCipherName(name) === undefined);
  if (gone.length > 0) {
    findings.advise(
      entry.at,
      `cipher suites that no longer exist are left out: ${gone.join(", ")}`,
    );
  }
}
