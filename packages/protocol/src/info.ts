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

/** Those of them that differ between the clients of one listener; next to each other on the wire. */
const CLIENT_FIELDS: readonly (keyof ServerInfo)[] = ["client_id", "client_ip", "nonce"];
const CLIENT_FIELDS_AT = FIELD_ORDER.indexOf("client_id");

/** What a member of JSON may be made of without being escaped. */
const PLAIN_TEXT = /^[\w.:%+/=-]*$/;

/**
 * INFO for many clients: everything but their own fields is encoded once. Owner: whoever made it.
 */
export class InfoTemplate {
  /** `INFO {` and the fields before the client's own, with a comma behind each. */
  readonly #head: Buffer;
  /** The fields behind them, with a comma before each, and the end of the line. */
  readonly #tail: Buffer;

  /** `shared`: the fields of every client; the client's own are ignored. */
  constructor(shared: ServerInfo) {
    const before = membersOf(shared, FIELD_ORDER.slice(0, CLIENT_FIELDS_AT));
    const after = membersOf(shared, FIELD_ORDER.slice(CLIENT_FIELDS_AT + CLIENT_FIELDS.length));
    this.#head = Buffer.from(`INFO {${before.map((member) => `${member},`).join("")}`);
    this.#tail = Buffer.from(`${after.map((member) => `,${member}`).join("")}}\r\n`);
  }

  /** `INFO {json} CRLF` of one client; `nonce` "" = none (CP-04). */
  encode(clientId: number, clientIp: string, nonce: string): Buffer {
    let own = `"client_id":${clientId},"client_ip":${quoted(clientIp)}`;
    if (nonce !== "") own += `,"nonce":${quoted(nonce)}`;
    const headBytes = this.#head.length;
    const ownBytes = Buffer.byteLength(own);
    const line = Buffer.allocUnsafe(headBytes + ownBytes + this.#tail.length);
    line.set(this.#head, 0);
    line.write(own, headBytes);
    line.set(this.#tail, headBytes + ownBytes);
    return line;
  }
}

/** INFO of one client, not yet encoded. */
export interface ClientInfo {
  readonly template: InfoTemplate;
  readonly clientId: number;
  readonly clientIp: string;
  /** "" = none. */
  readonly nonce: string;
}

/** `INFO {json} CRLF` with the fields that are set, in wire order. */
export function encodeInfo(info: ServerInfo | ClientInfo): Buffer {
  if ("template" in info) return info.template.encode(info.clientId, info.clientIp, info.nonce);
  return Buffer.from(`INFO {${membersOf(info, FIELD_ORDER).join(",")}}\r\n`);
}

/** `"name":value` for each of these fields that is set. */
function membersOf(info: ServerInfo, names: readonly (keyof ServerInfo)[]): string[] {
  const members: string[] = [];
  if (NO_FIELD_UNSENT) {
    for (const name of names) {
      const value = info[name];
      if (value !== undefined) members.push(`"${name}":${JSON.stringify(value)}`);
    }
  }
  return members;
}

function quoted(text: string): string {
  return PLAIN_TEXT.test(text) ? `"${text}"` : JSON.stringify(text);
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
