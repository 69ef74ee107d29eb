// The JSON form of account claims. Any thread; pure.
import {
  ClaimFault,
  type Codec,
  choice,
  dictionary,
  type Fields,
  field,
  int64,
  integer,
  keptField,
  list,
  optional,
  record,
  text,
  truth,
  uint8,
} from "../json/codec.ts";
import type { JsonObject, JsonValue } from "../json/json-reader.ts";
import { compareText, writeMember, writeString } from "../json/json-writer.ts";
import type {
  AccountBody,
  AccountLimitsClaim,
  ExportClaim,
  ExternalAuthorization,
  ImportClaim,
  JetStreamLimits,
  MessageTraceClaim,
  Permissions,
  ServiceLatencyClaim,
  SigningKeys,
  TrafficKind,
  UserScope,
  WeightedMapping,
} from "./claims.ts";
import { PERMISSION_FIELDS, texts, UNLIMITED, userLimitFields } from "./user-fields.ts";

export const trafficKind = choice<TrafficKind>(["stream", "service"], "export type");
const revocations = dictionary(int64);
const percent = integer(-(2n ** 63n), 2n ** 63n - 1n);

/** `"headers"` or a number of percent. */
const sampling: Codec<number> = {
  ...percent,
  read(value, at) {
    if (typeof value === "string" && value.toLowerCase() === "headers") return 0;
    return percent.read(value, at);
  },
  write(value, at) {
    if (value === 0) return writeString("headers");
    if (value < 1 || value > 100) throw new ClaimFault(at, "unknown sampling rate");
    return percent.write(value, at);
  },
};

const latency = record<ServiceLatencyClaim>({
  sampling: keptField("sampling", sampling),
  results: keptField("results", text),
});

const exportClaim = record<ExportClaim>({
  name: field("name", text),
  subject: field("subject", text),
  type: field("type", trafficKind),
  tokenRequired: field("token_req", truth),
  revocations: field("revocations", revocations),
  responseType: field("response_type", text),
  responseThresholdNanos: field("response_threshold", int64),
  latency: field("service_latency", optional(latency)),
  accountTokenPosition: field("account_token_position", integer(0n, 2n ** 64n - 1n)),
  advertise: field("advertise", truth),
  allowTrace: field("allow_trace", truth),
  description: field("description", text),
  infoUrl: field("info_url", text),
});

const importClaim = record<ImportClaim>({
  name: field("name", text),
  subject: field("subject", text),
  account: field("account", text),
  token: field("token", text),
  to: field("to", text),
  localSubject: field("local_subject", text),
  type: field("type", trafficKind),
  share: field("share", truth),
  allowTrace: field("allow_trace", truth),
});

const JETSTREAM_FIELDS: Fields<JetStreamLimits> = {
  memoryStorageBytesMax: field("mem_storage", int64),
  diskStorageBytesMax: field("disk_storage", int64),
  streamsMax: field("streams", int64),
  consumersMax: field("consumer", int64),
  ackPendingMax: field("max_ack_pending", int64),
  memoryStreamBytesMax: field("mem_max_stream_bytes", int64),
  diskStreamBytesMax: field("disk_max_stream_bytes", int64),
  maxBytesRequired: field("max_bytes_required", truth),
};

const jetStreamLimits = record(JETSTREAM_FIELDS);

const limitFields: Fields<AccountLimitsClaim> = {
  subscriptionsMax: field("subs", int64),
  dataBytesMax: field("data", int64),
  payloadBytesMax: field("payload", int64),
  importsMax: field("imports", int64),
  exportsMax: field("exports", int64),
  wildcardExports: field("wildcards", truth),
  disallowBearer: field("disallow_bearer", truth),
  connectionsMax: field("conn", int64),
  leafnodesMax: field("leaf", int64),
  ...JETSTREAM_FIELDS,
  tiers: field("tiered_limits", dictionary(jetStreamLimits)),
};

const plainLimits = record(limitFields);
const NO_JETSTREAM: JetStreamLimits = jetStreamLimits.zero();

/** Where there are tiers, the plain JetStream limits do not count (as in the reference). */
const accountLimits: Codec<AccountLimitsClaim> = {
  ...plainLimits,
  read(value, at) {
    const limits = plainLimits.read(value, at);
    return limits.tiers.size > 0 ? { ...limits, ...NO_JETSTREAM } : limits;
  },
};

const SCOPE_FIELDS: Fields<UserScope> = {
  key: keptField("key", text),
  role: keptField("role", text),
  // The template's limits are -1 unless they are written: the reference starts from that.
  template: keptField("template", record(userLimitFields(UNLIMITED))),
  description: keptField("description", text),
};
const SCOPE_KIND = "user_scope";
const userScope = record(SCOPE_FIELDS);

function readScope(value: JsonValue, at: string): UserScope {
  const scope = userScope.read(value, at);
  const kind = (value as JsonObject).get("kind");
  if (kind !== SCOPE_KIND) throw new ClaimFault(`${at}.kind`, "unknown signing key scope");
  return scope;
}

/** A list of keys, each a text or, with a scope, an object. */
const signingKeys: Codec<SigningKeys> = {
  zero: () => new Map(),
  read(value, at) {
    const keys = new Map<string, UserScope | undefined>();
    if (!Array.isArray(value)) throw new ClaimFault(at, "a list is wanted");
    for (const [index, item] of (value as readonly JsonValue[]).entries()) {
      const place = `${at}[${index}]`;
      const scope = typeof item === "string" ? undefined : readScope(item, place);
      const key = scope?.key ?? (item as string);
      // The reference lets the last one win, which may take a scope away.
      if (keys.has(key)) throw new ClaimFault(place, `signing key ${key} again`);
      keys.set(key, scope);
    }
    return keys;
  },
  write(keys, at) {
    const written = [...keys.keys()].sort(compareText).map((key) => {
      const scope = keys.get(key);
      if (scope === undefined) return writeString(key);
      const body = userScope.write(scope, `${at}.${key}`);
      return `{${writeMember("kind", writeString(SCOPE_KIND))},${body.slice(1)}`;
    });
    return `[${written.join(",")}]`;
  },
  isEmpty: (keys) => keys.size === 0,
};

const weightedMapping = record<WeightedMapping>({
  subject: keptField("subject", text),
  weight: field("weight", uint8),
  cluster: field("cluster", text),
});

const authorization = record<ExternalAuthorization>({
  authUsers: field("auth_users", texts),
  allowedAccounts: field("allowed_accounts", texts),
  xkey: field("xkey", text),
});

const messageTrace = record<MessageTraceClaim>({
  destination: field("dest", text),
  sampling: field("sampling", int64),
});

export const ACCOUNT_FIELDS: Fields<AccountBody> = {
  imports: field("imports", list(importClaim)),
  exports: field("exports", list(exportClaim)),
  limits: field("limits", accountLimits),
  signingKeys: field("signing_keys", signingKeys),
  revocations: field("revocations", revocations),
  defaultPermissions: field("default_permissions", record<Permissions>(PERMISSION_FIELDS)),
  mappings: field("mappings", dictionary(list(weightedMapping))),
  authorization: field("authorization", authorization),
  trace: field("trace", optional(messageTrace)),
  clusterTraffic: field("cluster_traffic", text),
  description: field("description", text),
  infoUrl: field("info_url", text),
};
