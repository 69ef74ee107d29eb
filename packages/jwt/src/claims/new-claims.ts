// Claims to start from: what the reference's constructors give. Any thread; pure.
import { readFields } from "../json/codec.ts";
import { ACCOUNT_FIELDS } from "./account-fields.ts";
import type {
  AccountClaims,
  ActivationClaims,
  AuthorizationRequestClaims,
  AuthorizationResponseClaims,
  ExportClaim,
  GenericClaims,
  ImportClaim,
  OperatorClaims,
  StandardClaims,
  UserClaims,
  UserScope,
} from "./claims.ts";
import {
  ACTIVATION_FIELDS,
  OPERATOR_FIELDS,
  REQUEST_FIELDS,
  RESPONSE_FIELDS,
} from "./other-fields.ts";
import { CLAIMS_VERSION } from "./read-claims.ts";
import { STANDARD_FIELDS, UNLIMITED, USER_FIELDS, userLimitFields } from "./user-fields.ts";

const NOTHING = new Map();
const NO_LIMIT = -1;

function headOf(subject: string): StandardClaims & { tags: readonly string[]; version: number } {
  return {
    ...readFields(STANDARD_FIELDS, NOTHING, ""),
    subject,
    tags: [],
    version: CLAIMS_VERSION,
  };
}

export function newOperatorClaims(subject: string): OperatorClaims {
  return { ...headOf(subject), kind: "operator", nats: readFields(OPERATOR_FIELDS, NOTHING, "") };
}

/** Unlimited but for JetStream, which is off. */
export function newAccountClaims(subject: string): AccountClaims {
  const nats = readFields(ACCOUNT_FIELDS, NOTHING, "");
  const limits = {
    ...nats.limits,
    subscriptionsMax: NO_LIMIT,
    dataBytesMax: NO_LIMIT,
    payloadBytesMax: NO_LIMIT,
    importsMax: NO_LIMIT,
    exportsMax: NO_LIMIT,
    wildcardExports: true,
    connectionsMax: NO_LIMIT,
    leafnodesMax: NO_LIMIT,
  };
  return { ...headOf(subject), kind: "account", nats: { ...nats, limits } };
}

/** An unlimited user. */
export function newUserClaims(subject: string): UserClaims {
  const nats = readFields(USER_FIELDS, NOTHING, "");
  const unlimited = {
    subscriptionsMax: NO_LIMIT,
    dataBytesMax: NO_LIMIT,
    payloadBytesMax: NO_LIMIT,
  };
  return { ...headOf(subject), kind: "user", nats: { ...nats, ...unlimited } };
}

/** A user that says nothing, as the users of a scoped signing key must. */
export function newScopedUserClaims(subject: string, issuerAccount: string): UserClaims {
  const nats = readFields(USER_FIELDS, NOTHING, "");
  return { ...headOf(subject), kind: "user", nats: { ...nats, issuerAccount } };
}

/** A scope with an unlimited template. */
export function newUserScope(key: string): UserScope {
  const template = readFields(userLimitFields(UNLIMITED), NOTHING, "");
  return { key, role: "", template, description: "" };
}

export function newActivationClaims(subject: string): ActivationClaims {
  const nats = readFields(ACTIVATION_FIELDS, NOTHING, "");
  return { ...headOf(subject), kind: "activation", nats };
}

export function newAuthorizationRequestClaims(subject: string): AuthorizationRequestClaims {
  const nats = readFields(REQUEST_FIELDS, NOTHING, "");
  return { ...headOf(subject), kind: "authorization_request", nats };
}

export function newAuthorizationResponseClaims(subject: string): AuthorizationResponseClaims {
  const nats = readFields(RESPONSE_FIELDS, NOTHING, "");
  return { ...headOf(subject), kind: "authorization_response", nats };
}

export function newGenericClaims(subject: string): GenericClaims {
  return { ...headOf(subject), kind: "generic", nats: new Map() };
}

/** An export with nothing but this; public, without a name. */
export function newExport(type: ExportClaim["type"], subject: string): ExportClaim {
  return {
    name: "",
    subject,
    type,
    tokenRequired: false,
    revocations: new Map(),
    responseType: "",
    responseThresholdNanos: 0,
    latency: undefined,
    accountTokenPosition: 0,
    advertise: false,
    allowTrace: false,
    description: "",
    infoUrl: "",
  };
}

/** An import with nothing but this: without a name, a token or another subject here. */
export function newImport(
  type: ImportClaim["type"],
  subject: string,
  account: string,
): ImportClaim {
  return {
    name: "",
    subject,
    account,
    token: "",
    to: "",
    localSubject: "",
    type,
    share: false,
    allowTrace: false,
  };
}
