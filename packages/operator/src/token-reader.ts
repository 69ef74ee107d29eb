// What resolvers ask about account tokens, answered by the rules of tokens (AC-92, GP-8). Control
// thread; pure.
import { isPublicKey, type SignatureVerifier } from "@weft/auth";
import {
  decodeToken,
  decodeTokenOf,
  type Finding,
  type FindingLevel,
  type TrustedOperators,
  validateClaims,
  withoutLineEnds,
} from "@weft/jwt";
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

  verifyAccountJwt(
    text: string,
    nowMs: number,
    isOlder?: (key: string, issuedAt: number) => boolean,
  ): AccountFacts | ClaimFault {
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
    if (!isPublicKey(subject, "account")) {
      return { ok: false, error: "subject is no account key", fault: "invalid", subject };
    }
    if (!this.#operators.keys.has(issuer)) {
      return { ok: false, error: "issuer not trusted", fault: "untrusted", subject };
    }
    if (isOlder?.(subject, claims.issuedAtSeconds) === true) {
      return { ok: false, error: "a newer one is known", fault: "older", subject };
    }
    const findings = validateClaims(claims, Math.floor(nowMs / 1_000), this.#verifier);
    const errors = textsOf(findings, "error");
    if (errors.length > 0) {
      const error = `validation errors: [${errors.join(" ")}]`;
      return { ok: false, error, fault: "invalid", subject };
    }
    const { issuedAtSeconds: issuedAt, expiresAtSeconds: expires, id: jti } = claims;
    const [timeFault] = textsOf(findings, "time");
    return {
      ok: true,
      text: withoutLineEnds(text),
      subject,
      issuedAt,
      expires,
      jti,
      timeFault,
    };
  }

  readSigned(text: string): SignedClaim | { readonly ok: false; readonly error: string } {
    const decoded = decodeToken(text, this.#verifier);
    if (!decoded.ok) return { ok: false, error: decoded.error.message };
    const { claims } = decoded;
    const { subject, issuer, issuedAtSeconds, expiresAtSeconds, id } = claims;
    const accounts = claims.kind === "generic" ? claims.nats.get("accounts") : undefined;
    return {
      ok: true,
      text: withoutLineEnds(text),
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

function textsOf(findings: readonly Finding[], wanted: FindingLevel): string[] {
  return findings.filter(({ level }) => level === wanted).map(({ text }) => text);
}
