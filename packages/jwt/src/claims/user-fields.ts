// The JSON form of standard claims, permissions and user claims. Any thread; pure. Order and names
// are those of the reference, so that equal claims are equal bytes.
import {
  absentAs,
  type Codec,
  type Fields,
  field,
  int64,
  keptField,
  list,
  optional,
  optionalList,
  record,
  text,
  truth,
} from "../json/codec.ts";
import type {
  Permission,
  ResponsePermissionClaim,
  StandardClaims,
  TimeRange,
  UserBody,
  UserPermissionLimits,
} from "./claims.ts";

export const STANDARD_FIELDS: Fields<StandardClaims> = {
  audience: field("aud", text),
  expiresAtSeconds: field("exp", int64),
  id: field("jti", text),
  issuedAtSeconds: field("iat", int64),
  issuer: field("iss", text),
  name: field("name", text),
  notBeforeSeconds: field("nbf", int64),
  subject: field("sub", text),
};

const permission: Codec<Permission> = record<Permission>({
  allow: field("allow", optionalList(text)),
  deny: field("deny", optionalList(text)),
});

const responsePermission = record<ResponsePermissionClaim>({
  messagesMax: keptField("max", int64),
  expiresNanos: keptField("ttl", int64),
});

const timeRange = record<TimeRange>({
  start: field("start", text),
  end: field("end", text),
});

const networks = optionalList(text);

/** Networks: a list, or one text with commas, which version 1 wrote. */
const sourceNetworks: Codec<readonly string[] | undefined> = {
  ...networks,
  read(value, at) {
    if (typeof value !== "string") return networks.read(value, at);
    const parts = value.split(",").map((part) => part.trim().toLowerCase());
    return [...new Set(parts)].filter((part) => part !== "");
  },
};

export const PERMISSION_FIELDS = {
  publish: field("pub", permission),
  subscribe: field("sub", permission),
  responses: field("resp", optional(responsePermission)),
};

/** Fields of users; `limit` reads the three numbers, whose absence means different things. */
export function userLimitFields(limit: Codec<number>): Fields<UserPermissionLimits> {
  return {
    ...PERMISSION_FIELDS,
    sourceNetworks: field("src", sourceNetworks),
    times: field("times", optionalList(timeRange)),
    timesLocation: field("times_location", text),
    subscriptionsMax: field("subs", limit),
    dataBytesMax: field("data", limit),
    payloadBytesMax: field("payload", limit),
    bearerToken: field("bearer_token", truth),
    proxyRequired: field("proxy_required", truth),
    allowedConnectionTypes: field("allowed_connection_types", optionalList(text)),
  };
}

export const USER_FIELDS: Fields<UserBody> = {
  ...userLimitFields(int64),
  issuerAccount: field("issuer_account", text),
};

/** Version 1 left unlimited what it did not say. */
export const UNLIMITED = absentAs(int64, -1);

/** Tags and names of keys: lists of texts. */
export const texts = list(text);
