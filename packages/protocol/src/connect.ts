// The CONNECT document (CP-20 to CP-28): its fields, their defaults, and how it looks in a trace.
// Thread: worker, once per login. What must stay true: names are those of the wire; what a field
// means is the session's business; no secret leaves `redactConnect`.
import { REDACTED } from "@weft/base";
import {
  decodeObject,
  decodeString,
  decodeUtf8,
  type FieldKind,
  foldName,
  isJson,
  type JsonFields,
  type JsonShape,
  skipValue,
} from "./json-object.ts";
import { decodePlain } from "./plain-object.ts";

/** Subjects that a route or leafnode may import or export. */
export interface ConnectPermission {
  readonly allow?: readonly string[] | null | undefined;
  readonly deny?: readonly string[] | null | undefined;
}

/** CP-20. An absent text is empty, an absent switch false, but for those of `CONNECT_DEFAULTS`. */
export interface ConnectOptions {
  readonly echo: boolean;
  readonly verbose: boolean;
  readonly pedantic: boolean;
  readonly tls_required: boolean;
  readonly nkey: string;
  readonly jwt: string;
  readonly sig: string;
  readonly auth_token: string;
  readonly user: string;
  readonly pass: string;
  readonly name: string;
  readonly lang: string;
  readonly version: string;
  /** CP-25: a 64-bit integer; the session refuses all but 0 and 1. */
  readonly protocol: number;
  readonly account: string;
  readonly new_account: boolean;
  readonly headers: boolean;
  readonly no_responders: boolean;
  readonly import: ConnectPermission | null;
  readonly export: ConnectPermission | null;
  readonly remote_account: string;
  readonly proxy_sig: string;
}

/** What holds for a client before CONNECT, and for what CONNECT leaves out (CP-20, CP-32). */
export const CONNECT_DEFAULTS: ConnectOptions = Object.freeze({
  echo: true,
  verbose: true,
  pedantic: true,
  tls_required: false,
  nkey: "",
  jwt: "",
  sig: "",
  auth_token: "",
  user: "",
  pass: "",
  name: "",
  lang: "",
  version: "",
  protocol: 0,
  account: "",
  new_account: false,
  headers: false,
  no_responders: false,
  import: null,
  export: null,
  remote_account: "",
  proxy_sig: "",
});

const PERMISSION_SHAPE: JsonShape = { allow: "list", deny: "list" };

const CONNECT_SHAPE: JsonShape = {
  echo: "boolean",
  verbose: "boolean",
  pedantic: "boolean",
  tls_required: "boolean",
  nkey: "string",
  jwt: "string",
  sig: "string",
  auth_token: "string",
  user: "string",
  pass: "string",
  name: "string",
  lang: "string",
  version: "string",
  protocol: "integer",
  account: "string",
  new_account: "boolean",
  headers: "boolean",
  no_responders: "boolean",
  import: PERMISSION_SHAPE,
  export: PERMISSION_SHAPE,
  remote_account: "string",
  proxy_sig: "string",
};

const CONNECT_KINDS: ReadonlyMap<string, FieldKind> = new Map(Object.entries(CONNECT_SHAPE));

/** Why a CONNECT document was refused; the session closes without `-ERR` (CP-21). */
export type ConnectFailure = "not-json" | "wrong-type";

export type ConnectResult =
  | { readonly ok: true; readonly options: ConnectOptions }
  | { readonly ok: false; readonly reason: ConnectFailure };

/**
 * Parses the argument of CONNECT. `base` are the options in force: a second CONNECT (CP-29) keeps
 * what it does not name.
 */
export function parseConnect(
  bytes: Buffer,
  base: ConnectOptions = CONNECT_DEFAULTS,
): ConnectResult {
  const plain = { ...base };
  // Bytes above ASCII are no plain document, whatever they are read as.
  const text = bytes.toString("latin1");
  if (decodePlain(text, CONNECT_KINDS, plain as unknown as JsonFields)) {
    return { ok: true, options: plain };
  }
  const fields: JsonFields = {};
  const verdict = decodeObject(decodeUtf8(bytes), CONNECT_SHAPE, fields);
  if (verdict !== "decoded") return { ok: false, reason: verdict };
  return { ok: true, options: { ...base, ...(fields as Partial<ConnectOptions>) } };
}

/** LG-12, and the JWT too: bearer tokens are secrets. */
function isSecretName(name: string): boolean {
  const folded = foldName(name);
  if (folded.startsWith("pass") || folded.startsWith("auth_token")) return true;
  return folded === "sig" || folded === "nkey" || folded === "proxy_sig" || folded === "jwt";
}

/**
 * The CONNECT document for a trace: the values of secret members, at any depth, are replaced. Of
 * what is not JSON nothing is shown, as nobody can tell where a secret ends in it.
 */
export function redactConnect(text: string): string {
  if (!isJson(text)) return REDACTED;
  let out = "";
  let copied = 0;
  const strings = /"(?:[^"\\]|\\.)*"/gy;
  for (let at = 0; at < text.length; ) {
    if (text.charCodeAt(at) !== 34) {
      at++;
      continue;
    }
    strings.lastIndex = at;
    const literal = strings.exec(text)![0];
    at += literal.length;
    const colon = /[ \t\r\n]*:[ \t\r\n]*/y;
    colon.lastIndex = at;
    const gap = colon.exec(text);
    if (gap === null || !isSecretName(decodeString(literal))) continue;
    const valueStart = at + gap[0].length;
    const valueEnd = skipValue(text, valueStart);
    out += `${text.slice(copied, valueStart)}"${REDACTED}"`;
    if (valueEnd < 0) return out;
    at = valueEnd;
    copied = valueEnd;
  }
  return out + text.slice(copied);
}
