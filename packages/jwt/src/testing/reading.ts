// Test support: files that the tools of others made, and short ways to the results of this package.
import { readFileSync } from "node:fs";
import { SignatureVerifier } from "@weft/auth";
import { encodeBase64Url } from "../base64url.ts";
import type { Claims } from "../claims/claims.ts";
import { decodeToken } from "../decode.ts";
import { encodeClaims } from "../encode.ts";
import type { Signer } from "../signer.ts";

export const verifier = new SignatureVerifier();

/** The text of a file below `testdata`. */
export function goldenText(path: string): string {
  return readFileSync(new URL(`../testdata/${path}`, import.meta.url), "utf8");
}

/** The claims of a token that must be good. */
export function claimsOf(token: string): Claims {
  const result = decodeToken(token, verifier);
  if (!result.ok) throw new Error(result.error.message);
  return result.claims;
}

/** A token for claims that can be encoded. */
export function tokenOf(claims: Claims, signer: Signer, nowSeconds: number): string {
  const result = encodeClaims(claims, signer, nowSeconds);
  if (!result.ok) throw new Error(result.error.message);
  return result.token;
}

/** A token of any header and body, signed over header and body, or over the body alone. */
export function rawToken(header: unknown, body: unknown, signer: Signer, bodyOnly = false): string {
  const part = (value: unknown) =>
    encodeBase64Url(Buffer.from(typeof value === "string" ? value : JSON.stringify(value)));
  const signed = `${part(header)}.${part(body)}`;
  const bytes = Buffer.from(bodyOnly ? part(body) : signed);
  return `${signed}.${encodeBase64Url(signer.sign(bytes))}`;
}
