// The JSON form of operator, activation and authorization claims. Any thread; pure.
import {
  type Fields,
  field,
  int64,
  keptField,
  list,
  optional,
  record,
  text,
  truth,
  uint64,
} from "../json/codec.ts";
import { trafficKind } from "./account-fields.ts";
import type {
  ActivationBody,
  AuthorizationRequestBody,
  AuthorizationResponseBody,
  ClientInformation,
  ClientTlsClaim,
  ConnectOptionsClaim,
  OperatorBody,
  ServerIdentity,
} from "./claims.ts";
import { texts } from "./user-fields.ts";

export const OPERATOR_FIELDS: Fields<OperatorBody> = {
  signingKeys: field("signing_keys", texts),
  accountServerUrl: field("account_server_url", text),
  operatorServiceUrls: field("operator_service_urls", texts),
  systemAccount: field("system_account", text),
  assertServerVersion: field("assert_server_version", text),
  strictSigningKeyUsage: field("strict_signing_key_usage", truth),
};

export const ACTIVATION_FIELDS: Fields<ActivationBody> = {
  importSubject: field("subject", text),
  importType: field("kind", trafficKind),
  issuerAccount: field("issuer_account", text),
};

const serverIdentity = record<ServerIdentity>({
  name: keptField("name", text),
  host: keptField("host", text),
  id: keptField("id", text),
  version: field("version", text),
  cluster: field("cluster", text),
  tags: field("tags", texts),
  xkey: field("xkey", text),
});

const clientInformation = record<ClientInformation>({
  host: field("host", text),
  id: field("id", uint64),
  user: field("user", text),
  name: field("name", text),
  tags: field("tags", texts),
  nameTag: field("name_tag", text),
  kind: field("kind", text),
  type: field("type", text),
  mqttId: field("mqtt_id", text),
  nonce: field("nonce", text),
});

const connectOptions = record<ConnectOptionsClaim>({
  jwt: field("jwt", text),
  nkey: field("nkey", text),
  signedNonce: field("sig", text),
  token: field("auth_token", text),
  user: field("user", text),
  password: field("pass", text),
  name: field("name", text),
  language: field("lang", text),
  version: field("version", text),
  protocol: keptField("protocol", int64),
});

const clientTls = record<ClientTlsClaim>({
  version: field("version", text),
  cipher: field("cipher", text),
  certificates: field("certs", texts),
  verifiedChains: field("verified_chains", list(texts)),
});

export const REQUEST_FIELDS: Fields<AuthorizationRequestBody> = {
  server: keptField("server_id", serverIdentity),
  userNkey: keptField("user_nkey", text),
  clientInformation: keptField("client_info", clientInformation),
  connectOptions: keptField("connect_opts", connectOptions),
  clientTls: field("client_tls", optional(clientTls)),
  requestNonce: field("request_nonce", text),
};

export const RESPONSE_FIELDS: Fields<AuthorizationResponseBody> = {
  jwt: field("jwt", text),
  error: field("error", text),
  issuerAccount: field("issuer_account", text),
};
