// What resolvers ask about account tokens, answered by the rules of tokens (AC-92, GP-8). Control
// thread; pure.
import type { SignatureVerifier } from "@weft/auth";
import { decodeToken, decodeTokenOf, type TrustedOperators, trustAccount } from "@weft/jwt";
import type { AccountFacts, ClaimFault, ClaimReader, SignedClaim } from "@weft/resolver";

/** `isConfigured`: accounts that have no tokens, whoever signs one (GP-1). */
export class TokenReader implements ClaimReader {
  readonly #operators: TrustedOperators;
  /** Identity keys of operators that demand signing keys. */
  readonly #strictIdentities: ReadonlySet<string>;
  readonly #verifier: SignatureVerifier;
  readonly #isConfigured: (key: string) => boolean;

  constructor(
    operators: TrustedOperators,
    strictIdentities: ReadonlySet<string>,
    verifier: SignatureVerifier,
    isConfigured: (key: string) => boolean = () => false,
  ) {
    this.#operators = operators;
    this.#strictIdentities = strictIdentities;
    this.#verifier = verifier;
    this.#isConfigured = isConfigured;
  }

  verifyAccountJwt(text: string, nowMs: number): AccountFacts | ClaimFault {
    const decoded = decodeTokenOf("account", text, this.#verifier);
    if (!decoded.ok) return { ok: false, error: decoded.error.message };
    const { claims } = decoded;
    const { subject, issuer } = claims;
    if (this.#isConfigured(subject)) {
      const error = "account is one of the configuration";
      return { ok: false, error, fault: "invalid", subject };
    }
    if (this.#strictIdentities.has(issuer) && !this.#operators.keys.has(issuer)) {
      const error = "operator requires issuer to be a signing key";
      return { ok: false, error, fault: "identity-key", subject };
    }
    const verdict = trustAccount(subject, claims, this.#operators, nowMs, this.#verifier);
    if (!verdict.ok) {
      const { reason, detail } = verdict.refusal;
      const fault = reason === "issuer not trusted" ? "untrusted" : "invalid";
      return { ok: false, error: detail || reason, fault, subject };
    }
    const { issuedAtSeconds: issuedAt, expiresAtSeconds: expires, id: jti } = claims;
    return { ok: true, subject, issuedAt, expires, jti };
  }

  readSigned(text: string): SignedClaim | { readonly ok: false; readonly error: string } {
    const decoded = decodeToken(text, this.#verifier);
    if (!decoded.ok) return { ok: false, error: decoded.error.message };
    const { claims } = decoded;
    const { subject, issuer, issuedAtSeconds, expiresAtSeconds, id } = claims;
    const accounts = claims.kind === "generic" ? claims.nats.get("accounts") : undefined;
    return {
      ok: true,
      subject,
      issuer,
      issuedAt: issuedAtSeconds,
      expires: expiresAtSeconds,
      jti: id,
      accounts,
    };
  }

  isOperatorKey(key: string): boolean {
    return this.#operators.keys.has(key);
  }
}
