// Activation tokens, each read and its signature checked once: an account is looked at when it is
// brought, when it is used, and whenever somebody asks about it, and may hold more than a thousand. Any
// thread; pure. Must stay true: a token is known by all of its text, and to one verifier; nothing that
// depends on the time or on accounts is remembered; number and length are bounded.
import type { SignatureVerifier } from "@weft/auth";
import type { ActivationClaims } from "./claims/claims.ts";
import { type DecodeResult, decodeTokenOf } from "./decode.ts";

/** Three times what the longest account token can hold, some 2 KB each with what was read of them. */
const TOKENS_MAX = 4_096;
/** Longer ones are read each time. */
const TEXT_MAX = 4_096;

type Decoded = DecodeResult<ActivationClaims>;

/** By verifier; the token that was not used for longest comes first. */
const memories = new WeakMap<SignatureVerifier, Map<string, Decoded>>();

/** As `decodeTokenOf("activation", …)`. */
export function decodeActivation(token: string, verifier: SignatureVerifier): Decoded {
  const memory = memories.get(verifier) ?? new Map<string, Decoded>();
  memories.set(verifier, memory);
  const known = memory.get(token);
  const decoded = known ?? decodeTokenOf("activation", token, verifier);
  if (token.length > TEXT_MAX) return decoded;
  memory.delete(token);
  memory.set(token, decoded);
  if (memory.size > TOKENS_MAX) {
    for (const oldest of memory.keys()) {
      memory.delete(oldest);
      break;
    }
  }
  return decoded;
}
