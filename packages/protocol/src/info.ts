// The INFO document that the server sends to clients (CP-02 to CP-05, CP-10, CP-13, CP-17), and the
// check of one that a client sends. Thread: worker; control for the shared part. What must stay
// true: only fields of the client port, in the reference's order.

import { decodeObject, decodeUtf8, type JsonShape } from "./json-object.ts";

/** INFO as sent to clients. Names are those of the wire; undefined fields are left out. */
export interface ServerInfo {
  readonly server_id: string;
  readonly server_name: string;
  /** The NATS level that the server implements. */
  readonly version: string;
  readonly proto: number;
  readonly git_commit?: string | undefined;
  /** Runtime version; the reference reports its compiler here. */
  readonly go: string;
  readonly host: string;
  readonly port: number;
  readonly headers: boolean;
  readonly auth_required?: true | undefined;
  readonly tls_required?: true | undefined;
  readonly tls_verify?: true | undefined;
  readonly tls_available?: true | undefined;
  readonly max_payload: number;
  readonly jetstream?: true | undefined;
  readonly ip?: string | undefined;
  readonly client_id?: number | undefined;
  readonly client_ip?: string | undefined;
  readonly nonce?: string | undefined;
  readonly cluster?: string | undefined;
  readonly cluster_dynamic?: true | undefined;
  readonly domain?: string | undefined;
  readonly connect_urls?: readonly string[] | undefined;
  readonly ws_connect_urls?: readonly string[] | undefined;
  readonly ldm?: true | undefined;
  readonly compression?: string | undefined;
  /** CP-10: this INFO answers the first PING and names the account. */
  readonly connect_info?: true | undefined;
  readonly remote_account?: string | undefined;
  readonly acc_is_sys?: true | undefined;
  readonly api_lvl?: number | undefined;
  readonly xkey?: string | undefined;
  /** Weft's own version. */
  readonly weft_version?: string | undefined;
}

/** Field names in the order of the wire; a field that is missing here would never be sent. */
const FIELD_ORDER = [
  "server_id",
  "server_name",
  "version",
  "proto",
  "git_commit",
  "go",
  "host",
  "port",
  "headers",
  "auth_required",
  "tls_required",
  "tls_verify",
  "tls_available",
  "max_payload",
  "jetstream",
  "ip",
  "client_id",
  "client_ip",
  "nonce",
  "cluster",
  "cluster_dynamic",
  "domain",
  "connect_urls",
  "ws_connect_urls",
  "ldm",
  "compression",
  "connect_info",
  "remote_account",
  "acc_is_sys",
  "api_lvl",
  "xkey",
  "weft_version",
] as const satisfies readonly (keyof ServerInfo)[];

type Unsent = Exclude<keyof ServerInfo, (typeof FIELD_ORDER)[number]>;
/** Does not compile when a field of `ServerInfo` is missing in `FIELD_ORDER`. */
const NO_FIELD_UNSENT: Unsent extends never ? true : never = true;

/** `INFO {json} CRLF` with the fields that are set, in wire order. */
export function encodeInfo(info: ServerInfo): Buffer {
  const ordered: Partial<Record<keyof ServerInfo, unknown>> = {};
  if (NO_FIELD_UNSENT) {
    for (const name of FIELD_ORDER) ordered[name] = info[name];
  }
  return Buffer.from(`INFO ${JSON.stringify(ordered)}\r\n`);
}

const PERMISSION_SHAPE: JsonShape = { allow: "list", deny: "list" };

/** All fields of any server's INFO, with the types that the reference insists on. */
const INFO_SHAPE: JsonShape = {
  server_id: "string",
  server_name: "string",
  version: "string",
  proto: "integer",
  git_commit: "string",
  go: "string",
  host: "string",
  port: "integer",
  headers: "boolean",
  auth_required: "boolean",
  tls_required: "boolean",
  tls_verify: "boolean",
  tls_available: "boolean",
  max_payload: "integer",
  jetstream: "boolean",
  ip: "string",
  client_id: "integer",
  client_ip: "string",
  nonce: "string",
  cluster: "string",
  cluster_dynamic: "boolean",
  domain: "string",
  connect_urls: "list",
  ws_connect_urls: "list",
  ldm: "boolean",
  compression: "string",
  connect_info: "boolean",
  remote_account: "string",
  acc_is_sys: "boolean",
  api_lvl: "integer",
  import: PERMISSION_SHAPE,
  export: PERMISSION_SHAPE,
  lnoc: "boolean",
  gateway: "string",
  leafnode_urls: "list",
  xkey: "string",
};

/** CP-51: what the reference accepts, and ignores, as the argument of a client's INFO. */
export function isInfoArgument(bytes: Buffer): boolean {
  return decodeObject(decodeUtf8(bytes), INFO_SHAPE, {}) === "decoded";
}
