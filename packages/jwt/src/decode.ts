// From the text of a token to its claims, with the signature checked. Any thread; pure. What must
// stay true: only ed25519 signatures of the issuer's nkey count, over the form that the version says;
// nothing that a peer sends throws; time and memory are bounded by the limits here and in the JSON
// reader; no error shows a part of the token.
//
//   token  = header "." claims "." signature            each base64url without padding, then line ends
//   v2     : {"typ":"JWT","alg":"ed25519-nkey"}, signed: header "." claims
//   v1     : {"typ":"jwt","alg":"ed25519"},      signed: claims
import { decodePublicKey, type KeyKind, type SignatureVerifier } from "@weft/auth";
import { decodeBase64Url, encodeBase64Url } from "./base64url.ts";
import type { ClaimKind, Claims, ClaimsOfKind } from "./claims/claims.ts";
import { readClaims } from "./claims/read-claims.ts";
import { ClaimFault } from "./json/codec.ts";
import { type JsonValue, readJson } from "./json/json-reader.ts";

/** As in the reference. */
export const TOKEN_BYTES_MAX = 1024 * 1024;
const HEADER_TEXT_MAX = 1024;
const SIGNATURE_TEXT_LENGTH = 86;

const ALGORITHM = "ed25519-nkey";
/** Of version 1, whose signature leaves the header out. */
const FIRST_ALGORITHM = "ed25519";

/** The header of every token that is written, and of nearly all that are read. */
export const HEADER_TEXT = encodeBase64Url(Buffer.from(`{"typ":"JWT","alg":"${ALGORITHM}"}`));

/** Why a token is not accepted. Shows names of fields, never values of the token. */
export interface TokenError {
  readonly message: string;
  /** Such as `nats.limits.subs`; undefined = the token as a whole. */
  readonly field?: string | undefined;
}

export type DecodeResult<C extends Claims = Claims> =
  | { readonly ok: true; readonly claims: C }
  | { readonly ok: false; readonly error: TokenError };

/** Kinds of keys that may sign each kind of claims; undefined = any. */
export const ISSUER_KINDS: Readonly<Record<ClaimKind, readonly KeyKind[] | undefined>> = {
  operator: ["operator"],
  account: ["account", "operator"],
  user: ["account"],
  activation: ["account", "operator"],
  authorization_request: ["server"],
  authorization_response: ["account"],
  generic: undefined,
};

function failed(message: string, at?: string): { readonly ok: false; readonly error: TokenError } {
  const isField = at !== undefined && at !== "";
  return { ok: false, error: isField ? { message: `${at}: ${message}`, field: at } : { message } };
}

/**
 * The token without the line ends behind it, which files and shells leave there; the reference passes
 * over them. What is kept, compared and hashed is this.
 */
export function withoutLineEnds(token: string): string {
  let end = token.length;
  while (end > 0 && (token[end - 1] === "\n" || token[end - 1] === "\r")) end -= 1;
  return token.slice(0, end);
}

/** Decodes a token of any kind and checks its signature and the kind of key that made it. */
export function decodeToken(token: string, verifier: SignatureVerifier): DecodeResult {
  if (token.length > TOKEN_BYTES_MAX) return failed(`token has more than ${TOKEN_BYTES_MAX} bytes`);
  const [header, body, signature, ...more] = withoutLineEnds(token).split(".", 4);
  if (header === undefined || body === undefined || signature === undefined || more.length > 0) {
    return failed("expected 3 chunks");
  }
  const algorithm = algorithmOf(header);
  if (!algorithm.ok) return algorithm;
  const bytes = decodeBase64Url(body);
  if (bytes === undefined) return failed("claims are not base64url");
  const json = readJson(bytes);
  if (!json.ok) return failed(json.error);
  const read = readAll(json.value);
  if (!read.ok) return read;
  const { claims } = read;
  const isFirst = algorithm.name === FIRST_ALGORITHM;
  // Other claims than those of NATS had no version, and may have none.
  const isUnversioned = claims.kind === "generic" && claims.version === 0;
  if (!isUnversioned && isFirst !== (claims.version === 1)) {
    return failed(`version ${claims.version} of claims under the wrong algorithm`);
  }
  const signed = isFirst ? body : `${header}.${body}`;
  const problem = signatureProblem(claims, signed, signature, verifier);
  return problem === undefined ? read : failed(problem);
}

/** {@link decodeToken} for one kind of claims. */
export function decodeTokenOf<K extends ClaimKind>(
  kind: K,
  token: string,
  verifier: SignatureVerifier,
): DecodeResult<ClaimsOfKind<K>> {
  const result = decodeToken(token, verifier);
  if (!result.ok) return result;
  if (result.claims.kind !== kind) return failed(`not ${kind.replace("_", " ")} claim`);
  return { ok: true, claims: result.claims as ClaimsOfKind<K> };
}

type Algorithm = { readonly ok: true; readonly name: string } | ReturnType<typeof failed>;

function algorithmOf(text: string): Algorithm {
  if (text === HEADER_TEXT) return { ok: true, name: ALGORITHM };
  const bytes = text.length > HEADER_TEXT_MAX ? undefined : decodeBase64Url(text);
  if (bytes === undefined) return failed("header is not base64url");
  const json = readJson(bytes);
  if (!json.ok) return failed(`header: ${json.error}`);
  if (!(json.value instanceof Map)) return failed("header is not an object");
  const header = json.value as ReadonlyMap<string, JsonValue>;
  const type = header.get("typ");
  if (typeof type !== "string" || type.toUpperCase() !== "JWT") return failed("not supported type");
  const name = header.get("alg");
  if (name !== ALGORITHM && name !== FIRST_ALGORITHM) return failed("unexpected algorithm");
  return { ok: true, name };
}

function readAll(value: JsonValue): DecodeResult {
  try {
    return { ok: true, claims: readClaims(value) };
  } catch (fault) {
    if (fault instanceof ClaimFault) return failed(fault.message, fault.field);
    throw fault;
  }
}

function signatureProblem(
  claims: Claims,
  signed: string,
  text: string,
  verifier: SignatureVerifier,
): string | undefined {
  const kinds = ISSUER_KINDS[claims.kind];
  const issuer = decodePublicKey(claims.issuer);
  if (!issuer.ok || (kinds !== undefined && !kinds.includes(issuer.kind))) {
    return `issuer is no key that signs ${claims.kind.replace("_", " ")} claims`;
  }
  const signature = text.length === SIGNATURE_TEXT_LENGTH ? decodeBase64Url(text) : undefined;
  if (signature === undefined) return "signature is not base64url of 64 bytes";
  const verdict = verifier.verify(claims.issuer, Buffer.from(signed, "latin1"), signature);
  return verdict === "valid" ? undefined : "claim failed signature verification";
}
