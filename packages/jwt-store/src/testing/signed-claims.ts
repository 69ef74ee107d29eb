// Real JWTs of an operator with accounts and users, made and checked with node:crypto. Test support:
// the forms that nats-server takes, and no more checks than a directory needs.
import { createPrivateKey, createPublicKey, type KeyObject, sign, verify } from "node:crypto";
import { decodePublicKey, encodePublic, encodeSeed, type KeyKind } from "@weft/auth";
import type { AccountFacts, ClaimFault, ClaimReader, SignedClaim } from "@weft/resolver";

const PKCS8 = Buffer.from("302e020100300506032b657004220420", "hex");
const SPKI = Buffer.from("302a300506032b6570032100", "hex");

export interface TestKey {
  readonly publicKey: string;
  readonly seed: string;
  readonly secret: KeyObject;
}

/** The same key for the same kind and number. */
export function testKey(kind: KeyKind, index: number): TestKey {
  const raw = new Uint8Array(32).fill(index & 0xff);
  raw[0] = kind.charCodeAt(0);
  raw[1] = index >>> 8;
  const der = Buffer.concat([PKCS8, raw]);
  const secret = createPrivateKey({ key: der, format: "der", type: "pkcs8" });
  const spki = createPublicKey(secret).export({ format: "der", type: "spki" });
  const publicKey = encodePublic(kind, spki.subarray(-32));
  return { publicKey, seed: encodeSeed(kind, raw), secret };
}

const base64 = (value: string | Uint8Array): string => Buffer.from(value).toString("base64url");

/** A signed JWT; `body` becomes the field `nats`. */
export function signClaim(
  issuer: TestKey,
  subject: string,
  body: object,
  { issued = 1_700_000_000, expires = 0, name = "t" } = {},
): string {
  const header = base64('{"typ":"JWT","alg":"ed25519-nkey"}');
  const ends = expires === 0 ? {} : { exp: expires };
  const claims = { jti: `J${issued}${name}`, iat: issued, iss: issuer.publicKey, name, ...ends };
  const payload = base64(JSON.stringify({ ...claims, sub: subject, nats: body }));
  const signature = sign(null, Buffer.from(`${header}.${payload}`), issuer.secret);
  return `${header}.${payload}.${base64(signature)}`;
}

const LIMITS = {
  subs: -1,
  data: -1,
  payload: -1,
  imports: -1,
  exports: -1,
  wildcards: true,
  conn: -1,
  leaf: -1,
};

export const OPERATOR = testKey("operator", 1);
export const SYSTEM = testKey("account", 1);
export const SYSTEM_USER = testKey("user", 1);

export function operatorJwt(): string {
  const body = { type: "operator", version: 2, system_account: SYSTEM.publicKey };
  return signClaim(OPERATOR, OPERATOR.publicKey, body);
}

export function accountJwt(
  key: TestKey,
  options: { issued?: number; expires?: number; name?: string } = {},
  issuer = OPERATOR,
): string {
  const body = { limits: LIMITS, default_permissions: {}, type: "account", version: 2 };
  return signClaim(issuer, key.publicKey, body, options);
}

export function userJwt(user: TestKey, account: TestKey): string {
  const body = { pub: {}, sub: {}, subs: -1, data: -1, payload: -1, type: "user", version: 2 };
  return signClaim(account, user.publicKey, body);
}

/** What nsc sends to delete accounts. */
export function deletionJwt(
  accounts: readonly string[],
  issued = Math.floor(Date.now() / 1000),
  issuer = OPERATOR,
): string {
  return signClaim(issuer, issuer.publicKey, { accounts, type: "generic", version: 2 }, { issued });
}

type Decoded = SignedClaim & { readonly type: string };

function decode(text: string): Decoded | { readonly ok: false; readonly error: string } {
  const wrong = (error: string) => ({ ok: false, error }) as const;
  const [header = "", payload = "", signature = "", ...rest] = text.split(".");
  if (payload === "" || signature === "" || rest.length > 0) return wrong("expected 3 chunks");
  let claims: Record<string, unknown> & { nats?: Record<string, unknown> };
  try {
    claims = JSON.parse(Buffer.from(payload, "base64url").toString());
  } catch {
    return wrong("claim is no JSON");
  }
  const issuer = decodePublicKey(String(claims["iss"]));
  if (!issuer.ok) return wrong("issuer is no key");
  const der = Buffer.concat([SPKI, issuer.raw]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  const signed = Buffer.from(`${header}.${payload}`);
  if (!verify(null, signed, key, Buffer.from(signature, "base64url"))) {
    return wrong("claim failed signature verification");
  }
  return {
    ok: true,
    text,
    subject: String(claims["sub"]),
    issuer: String(claims["iss"]),
    issuedAt: Number(claims["iat"]),
    expires: Number(claims["exp"] ?? 0),
    jti: String(claims["jti"]),
    type: String(claims.nats?.["type"]),
    accounts: claims.nats?.["accounts"],
  };
}

/** Trusts {@link OPERATOR} and nobody else. */
export const signedReader: ClaimReader = {
  readSigned: decode,
  isOperatorKey: (key) => key === OPERATOR.publicKey,
  verifyAccountJwt(text, nowMs): AccountFacts | ClaimFault {
    const claim = decode(text);
    if (!claim.ok) return claim;
    if (claim.type !== "account") return { ok: false, error: "not account claim" };
    const { subject, expires } = claim;
    if (claim.issuer !== OPERATOR.publicKey) {
      return { ok: false, error: "issuer", fault: "untrusted", subject };
    }
    const { issuedAt, jti } = claim;
    const timeFault = expires > 0 && expires * 1000 <= nowMs ? "claim is expired" : undefined;
    return { ok: true, text, subject, issuedAt, expires, jti, timeFault };
  },
};
