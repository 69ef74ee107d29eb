// From the JSON of a token to claims, versions 1 and 2. Any thread; pure. The signature is checked
// elsewhere: what stands here says only what the token says.
import { ClaimFault, type Fields, field, int64, readFields, text } from "../json/codec.ts";
import type { JsonObject, JsonValue } from "../json/json-reader.ts";
import { ACCOUNT_FIELDS } from "./account-fields.ts";
import type { Claims, OperatorBody, StandardClaims, UserBody } from "./claims.ts";
import {
  ACTIVATION_FIELDS,
  OPERATOR_FIELDS,
  REQUEST_FIELDS,
  RESPONSE_FIELDS,
} from "./other-fields.ts";
import { STANDARD_FIELDS, texts, UNLIMITED, USER_FIELDS, userLimitFields } from "./user-fields.ts";

/** The version of claims that is written, and the newest that is read. */
export const CLAIMS_VERSION = 2;

interface GenericFields {
  readonly tags: readonly string[];
  readonly type: string;
  readonly version: number;
}

/** What all bodies of version 2 end with. */
export const GENERIC_FIELDS: Fields<GenericFields> = {
  tags: field("tags", texts),
  type: field("type", text),
  version: field("version", int64),
};

/** Beside the standard claims, at the top: version 1 had its type, tags and account there. */
interface TopFields {
  readonly type: string;
}

const TOP_FIELDS: Fields<TopFields> = { type: field("type", text) };

interface FirstVersionFields {
  readonly tags: readonly string[];
  readonly issuerAccount: string;
}

const FIRST_VERSION_FIELDS: Fields<FirstVersionFields> = {
  tags: field("tags", texts),
  issuerAccount: field("issuer_account", text),
};

const FIRST_USER_FIELDS: Fields<UserBody> = {
  ...userLimitFields(UNLIMITED),
  issuerAccount: USER_FIELDS.issuerAccount,
};

interface FirstActivation {
  readonly importSubject: string;
  readonly importType: "stream" | "service" | "";
}

const FIRST_ACTIVATION_FIELDS: Fields<FirstActivation> = {
  importSubject: ACTIVATION_FIELDS.importSubject,
  importType: { ...ACTIVATION_FIELDS.importType, wire: "type" },
};

const NOTHING: JsonObject = new Map();

/** The object of a member; absent and null = empty. */
function objectOf(parent: JsonObject, name: string): JsonObject {
  for (const known of parent.keys()) {
    if (known !== name && known.toLowerCase() === name) {
      throw new ClaimFault(known, `the name differs from ${name} in case only`);
    }
  }
  const value = parent.get(name);
  if (value === undefined || value === null) return NOTHING;
  if (!(value instanceof Map)) throw new ClaimFault(name, "an object is wanted");
  return value as JsonObject;
}

/** Claims from the JSON of a token's middle part. Throws `ClaimFault`. */
export function readClaims(value: JsonValue): Claims {
  if (!(value instanceof Map)) throw new ClaimFault("", "the claims are not an object");
  const top = value as JsonObject;
  const standard = readFields(STANDARD_FIELDS, top, "");
  const nats = objectOf(top, "nats");
  const { type } = readFields(TOP_FIELDS, top, "");
  return type === "" ? readSecond(standard, nats) : readFirst(type, standard, top, nats);
}

function readSecond(standard: StandardClaims, nats: JsonObject): Claims {
  const { type, tags, version } = readFields(GENERIC_FIELDS, nats, "nats");
  if (version > CLAIMS_VERSION) {
    throw new ClaimFault("nats.version", `version ${version} is newer than ${CLAIMS_VERSION}`);
  }
  refuseOldKinds(type, "nats.type");
  const head = { ...standard, tags, version: CLAIMS_VERSION };
  const known = readSecondBody(type, head, nats);
  if (known === undefined) return { ...head, version, kind: "generic", nats };
  if (version !== CLAIMS_VERSION) {
    throw new ClaimFault("nats.version", `version ${version} of claims is not supported`);
  }
  return known;
}

type Head = StandardClaims & { readonly tags: readonly string[]; readonly version: number };

function readSecondBody(type: string, head: Head, nats: JsonObject): Claims | undefined {
  const read = <T>(fields: Fields<T>): T => readFields(fields, nats, "nats");
  switch (type) {
    case "operator":
      return { ...head, kind: type, nats: read(OPERATOR_FIELDS) };
    case "account":
      return { ...head, kind: type, nats: read(ACCOUNT_FIELDS) };
    case "user":
      return { ...head, kind: type, nats: read(USER_FIELDS) };
    case "activation":
      return { ...head, kind: type, nats: read(ACTIVATION_FIELDS) };
    case "authorization_request":
      return { ...head, kind: type, nats: read(REQUEST_FIELDS) };
    case "authorization_response":
      return { ...head, kind: type, nats: read(RESPONSE_FIELDS) };
    default:
      return undefined;
  }
}

function refuseOldKinds(type: string, at: string): void {
  if (type === "cluster") throw new ClaimFault(at, "ClusterClaims are not supported");
  if (type === "server") throw new ClaimFault(at, "ServerClaims are not supported");
}

/** Version 1, migrated as the reference does it. */
function readFirst(
  type: string,
  standard: StandardClaims,
  top: JsonObject,
  nats: JsonObject,
): Claims {
  refuseOldKinds(type, "type");
  const { tags, issuerAccount } = readFields(FIRST_VERSION_FIELDS, top, "");
  const head = { ...standard, tags, version: 1 };
  switch (type) {
    case "operator":
      return {
        ...head,
        kind: type,
        nats: firstOperator(readFields(OPERATOR_FIELDS, nats, "nats")),
      };
    case "account":
      return { ...head, kind: type, nats: firstAccount(nats) };
    case "user": {
      const user = readFields(FIRST_USER_FIELDS, nats, "nats");
      // Neither was there: what stands in their place meant nothing.
      const added = { proxyRequired: false, allowedConnectionTypes: undefined };
      return { ...head, kind: type, nats: { ...user, ...added, issuerAccount } };
    }
    case "activation": {
      const activation = readFields(FIRST_ACTIVATION_FIELDS, nats, "nats");
      return { ...head, kind: type, nats: { ...activation, issuerAccount } };
    }
    case "authorization_request":
    case "authorization_response":
      throw new ClaimFault("type", `there is no version 1 of ${type}`);
    default:
      return { ...head, kind: "generic", nats: new Map([...nats, ["type", type]]) };
  }
}

function firstOperator(operator: OperatorBody): OperatorBody {
  return { ...operator, assertServerVersion: "", strictSigningKeyUsage: false };
}

const FIRST_LIMITS = ["subs", "data", "payload", "imports", "exports", "wildcards"] as const;
const FIRST_LIMITS_LATER = ["disallow_bearer", "conn", "leaf"] as const;
const FIRST_ACCOUNT = ["imports", "exports", "signing_keys", "revocations"] as const;

function pick(object: JsonObject, names: readonly string[]): Map<string, JsonValue> {
  const picked = new Map<string, JsonValue>();
  for (const name of names) {
    const value = object.get(name);
    if (value !== undefined) picked.set(name, value);
  }
  return picked;
}

function firstAccount(nats: JsonObject): Extract<Claims, { kind: "account" }>["nats"] {
  const body = pick(nats, FIRST_ACCOUNT);
  body.set("limits", pick(objectOf(nats, "limits"), [...FIRST_LIMITS, ...FIRST_LIMITS_LATER]));
  const account = readFields(ACCOUNT_FIELDS, body, "nats");
  for (const scope of account.signingKeys.values()) {
    if (scope !== undefined) throw new ClaimFault("nats.signing_keys", "a string is wanted");
  }
  return account;
}
