// From claims to the text of a signed token, byte for byte as github.com/nats-io/jwt v2 writes it.
// Any thread; pure.
import { hash } from "node:crypto";
import { decodePublicKey, encodeBase32, isPublicKey, type KeyKind } from "@weft/auth";
import { encodeBase64Url } from "./base64url.ts";
import { ACCOUNT_FIELDS } from "./claims/account-fields.ts";
import type { ClaimKind, Claims, StandardClaims } from "./claims/claims.ts";
import {
  ACTIVATION_FIELDS,
  OPERATOR_FIELDS,
  REQUEST_FIELDS,
  RESPONSE_FIELDS,
} from "./claims/other-fields.ts";
import { CLAIMS_VERSION, GENERIC_FIELDS } from "./claims/read-claims.ts";
import { STANDARD_FIELDS, USER_FIELDS } from "./claims/user-fields.ts";
import { HEADER_TEXT, ISSUER_KINDS, TOKEN_BYTES_MAX, type TokenError } from "./decode.ts";
import { ClaimFault, fieldMembers } from "./json/codec.ts";
import { JsonNumber, type JsonValue } from "./json/json-reader.ts";
import { compareText, writeJson, writeMember, writeObject } from "./json/json-writer.ts";
import type { Signer } from "./signer.ts";
import { accountServerUrlProblem } from "./validate/urls.ts";

export type EncodeResult<C extends Claims = Claims> =
  /** `claims` as they stand in the token, with issuer, time and id. */
  | { readonly ok: true; readonly token: string; readonly claims: C }
  | { readonly ok: false; readonly error: TokenError };

/** The kind of key that the subject of each kind of claims must be; undefined = any text. */
const SUBJECT_KINDS: Readonly<Record<ClaimKind, KeyKind | undefined>> = {
  operator: "operator",
  account: "account",
  user: "user",
  activation: "account",
  authorization_request: undefined,
  authorization_response: undefined,
  generic: undefined,
};

/** The hash that `jti` holds: SHA-512/256 over the standard claims without it, in base32. */
export function claimHash(claims: StandardClaims): string {
  const text = writeObject(fieldMembers(STANDARD_FIELDS, { ...claims, id: "" }, ""));
  return encodeBase32(hash("sha512-256", text, "buffer"));
}

/** Signs claims. `issuer`, `issuedAtSeconds`, `id` and `version` are set here. */
export function encodeClaims<C extends Claims>(
  claims: C,
  signer: Signer,
  nowSeconds: number,
): EncodeResult<C> {
  const problem = subjectProblem(claims) ?? issuerProblem(claims, signer);
  if (problem !== undefined) return { ok: false, error: { message: problem } };
  const issued = { ...claims, issuer: signer.publicKey, issuedAtSeconds: nowSeconds };
  const final: C = { ...sorted(issued), id: claimHash(issued), version: CLAIMS_VERSION };
  let body: string;
  try {
    body = claimsToJson(final);
  } catch (fault) {
    if (!(fault instanceof ClaimFault)) throw fault;
    return {
      ok: false,
      error: { message: `${fault.field}: ${fault.message}`, field: fault.field },
    };
  }
  const signed = `${HEADER_TEXT}.${encodeBase64Url(Buffer.from(body, "utf8"))}`;
  const token = `${signed}.${encodeBase64Url(signer.sign(Buffer.from(signed, "latin1")))}`;
  if (token.length > TOKEN_BYTES_MAX) {
    return { ok: false, error: { message: `token has more than ${TOKEN_BYTES_MAX} bytes` } };
  }
  return { ok: true, token, claims: final };
}

function subjectProblem(claims: Claims): string | undefined {
  if (claims.subject === "") return "subject is not set";
  const kind = SUBJECT_KINDS[claims.kind];
  if (kind !== undefined && !isPublicKey(claims.subject, kind)) {
    return `expected subject to be ${kind === "user" ? "user" : `an ${kind}`} public key`;
  }
  return claims.kind === "operator"
    ? accountServerUrlProblem(claims.nats.accountServerUrl)
    : undefined;
}

function issuerProblem(claims: Claims, signer: Signer): string | undefined {
  const issuer = decodePublicKey(signer.publicKey);
  const kinds = ISSUER_KINDS[claims.kind];
  if (issuer.ok && (kinds === undefined || kinds.includes(issuer.kind))) return undefined;
  return `the signing key is no key that signs ${claims.kind.replace("_", " ")} claims`;
}

/** Exports and imports stand in the order of their subjects. */
function sorted<C extends Claims>(claims: C): C {
  if (claims.kind !== "account") return claims;
  const bySubject = (left: { subject: string }, right: { subject: string }) =>
    compareText(left.subject, right.subject);
  const { nats } = claims;
  const exports = [...nats.exports].sort(bySubject);
  const imports = [...nats.imports].sort(bySubject);
  return { ...claims, nats: { ...nats, exports, imports } };
}

/** The JSON of claims as a token carries it. Throws `ClaimFault`. */
export function claimsToJson(claims: Claims): string {
  const members = fieldMembers(STANDARD_FIELDS, claims, "");
  return writeObject([...members, writeMember("nats", bodyToJson(claims))]);
}

function bodyToJson(claims: Claims): string {
  const { tags, version, kind } = claims;
  const ending = fieldMembers(GENERIC_FIELDS, { tags, version, type: kind }, "nats");
  const write = (members: readonly string[]) => writeObject([...members, ...ending]);
  switch (claims.kind) {
    case "operator":
      return write(fieldMembers(OPERATOR_FIELDS, claims.nats, "nats"));
    case "account":
      return write(fieldMembers(ACCOUNT_FIELDS, claims.nats, "nats"));
    case "user":
      return write(fieldMembers(USER_FIELDS, claims.nats, "nats"));
    case "activation":
      return write(fieldMembers(ACTIVATION_FIELDS, claims.nats, "nats"));
    case "authorization_request":
      return write(fieldMembers(REQUEST_FIELDS, claims.nats, "nats"));
    case "authorization_response":
      return write(fieldMembers(RESPONSE_FIELDS, claims.nats, "nats"));
    case "generic": {
      const stamp: [string, JsonValue] = ["version", new JsonNumber(String(CLAIMS_VERSION))];
      return writeJson(new Map([...claims.nats, stamp]));
    }
  }
}
