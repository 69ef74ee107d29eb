// User tokens whose text and signature were found good before: who comes back with the same token, as
// after a reload of a proxy or a lost network, costs one signature instead of two. Owned by a worker;
// pure. Must stay true: a token is known by all of its text; nothing that depends on the time, the
// account or the connection is remembered; number and length are bounded.
import type { SignatureVerifier } from "@weft/auth";
import { decodeTokenOf } from "@weft/jwt";

/** Tokens of a worker, some 4 KB each with what was read of them. */
const TOKENS_MAX = 1_024;
/** Longer ones are read each time. */
const TEXT_MAX = 4_096;

type Decoded = ReturnType<typeof decodeTokenOf<"user">>;

export class KnownTokens {
  readonly #verifier: SignatureVerifier;
  /** The one that was not used for longest comes first. */
  readonly #known = new Map<string, Decoded>();

  constructor(verifier: SignatureVerifier) {
    this.#verifier = verifier;
  }

  get count(): number {
    return this.#known.size;
  }

  /** As `decodeTokenOf("user", …)`. */
  decode(text: string): Decoded {
    const known = this.#known.get(text);
    if (known !== undefined) {
      this.#known.delete(text);
      this.#known.set(text, known);
      return known;
    }
    const decoded = decodeTokenOf("user", text, this.#verifier);
    if (decoded.ok && text.length <= TEXT_MAX) this.#keep(text, decoded);
    return decoded;
  }

  #keep(text: string, decoded: Decoded): void {
    if (this.#known.size >= TOKENS_MAX) {
      for (const oldest of this.#known.keys()) {
        this.#known.delete(oldest);
        break;
      }
    }
    this.#known.set(text, decoded);
  }
}
