// Whether a connection came through a proxy that the server trusts (AN-80 to AN-82, ADR-55 of the
// reference). Owned by a worker, one per set of keys. What must stay true: only a signature over this
// connection's own nonce counts, so that nothing of another connection can be used again.
import type { LoginFacts, LoginOutcome } from "./identity.ts";
import { decodeSignature, SignatureVerifier } from "./nkeys/signature.ts";

/** `direct`: no proxy signed, or none is trusted at all. */
export type ProxyVerdict =
  | { readonly kind: "direct" }
  | { readonly kind: "proxied"; readonly key: string }
  | { readonly kind: "untrusted" };

const DIRECT: ProxyVerdict = { kind: "direct" };
const UNTRUSTED: ProxyVerdict = { kind: "untrusted" };

export class TrustedProxies {
  readonly #keys: ReadonlySet<string>;
  readonly #verifier = new SignatureVerifier();

  /** Public keys of any kind. */
  constructor(keys: readonly string[] = []) {
    this.#keys = new Set(keys);
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** False for somebody who came through a proxy whose key is not among these (any more). */
  accepts(key: string | undefined): boolean {
    return key === undefined || this.#keys.has(key);
  }

  /** `signature`: `proxy_sig` of CONNECT; "" = there is none. `nonce`: as in INFO. */
  check(signature: string, nonce: Uint8Array): ProxyVerdict {
    if (signature === "" || this.isEmpty) return DIRECT;
    const bytes = decodeSignature(signature);
    if (bytes === undefined || nonce.length === 0) return UNTRUSTED;
    for (const key of this.#keys) {
      if (this.#verifier.verify(key, nonce, bytes) === "valid") return { kind: "proxied", key };
    }
    return UNTRUSTED;
  }
}

/** AN-82, for identities that others than the static users give. */
export function requireProxy(outcome: LoginOutcome, { proxy }: LoginFacts): LoginOutcome {
  if (outcome.kind !== "granted" || outcome.identity.proxyRequired !== true) return outcome;
  return proxy === undefined ? { kind: "denied", reason: "proxy connection required" } : outcome;
}
