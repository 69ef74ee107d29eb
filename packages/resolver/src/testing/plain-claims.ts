// Claims without signatures, for simulations: "account;<key>;<issued>;<expires>;<mark>" and
// "delete;<operator>;<issued>;<key>,<key>". Test support. They read as if a trusted operator had
// signed them; a mark that begins with "!" is one that he has not.
import { encodePublic } from "@weft/auth";
import type { AccountFacts, ClaimFault, ClaimReader, SignedClaim } from "../index.ts";

/** The operator of all simulated claims. */
export const OPERATOR = encodePublic("operator", new Uint8Array(32).fill(7));

/** The `index`-th account key. */
export function accountKey(index: number): string {
  const raw = new Uint8Array(32);
  raw[0] = index & 0xff;
  raw[1] = index >>> 8;
  return encodePublic("account", raw);
}

/** Times in Unix seconds; `expires` 0 = never. */
export function accountClaim(key: string, issued: number, expires: number, mark: string): string {
  return `account;${key};${issued};${expires};${mark}`;
}

export function deleteClaim(keys: readonly string[], issued: number): string {
  return `delete;${OPERATOR};${issued};${keys.join(",")}`;
}

function readSigned(text: string): SignedClaim | { readonly ok: false; readonly error: string } {
  const [kind, subject = "", issued, rest = "", mark = ""] = text.split(";");
  const issuedAt = Number(issued);
  if (kind === "delete") {
    const accounts = rest === "" ? [] : rest.split(",");
    return { ok: true, text, subject, issuer: subject, issuedAt, expires: 0, jti: "", accounts };
  }
  if (kind !== "account") return { ok: false, error: "claim is no claim" };
  const issuer = mark.startsWith("!") ? "somebody" : OPERATOR;
  return { ok: true, text, subject, issuer, issuedAt, expires: Number(rest), jti: mark };
}

/** Reads such claims. */
export const plainReader: ClaimReader = {
  readSigned,
  isOperatorKey: (key) => key === OPERATOR,
  verifyAccountJwt(text, nowMs, isOlder): AccountFacts | ClaimFault {
    const claim = readSigned(text);
    if (!claim.ok || claim.accounts !== undefined) return { ok: false, error: "no account claim" };
    const { subject, issuer, issuedAt, expires, jti } = claim;
    if (issuer !== OPERATOR) return { ok: false, error: "issuer", fault: "untrusted", subject };
    if (isOlder?.(subject, issuedAt) === true) {
      return { ok: false, error: "older", fault: "older", subject };
    }
    const timeFault = expires > 0 && expires * 1000 <= nowMs ? "claim is expired" : undefined;
    return { ok: true, text, subject, issuedAt, expires, jti, timeFault };
  },
};
