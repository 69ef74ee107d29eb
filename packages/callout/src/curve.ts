// Sealing between two curve nkeys (AN-66): curve25519, xsalsa20, poly1305. Any thread; pure:
// randomness is an argument. What must stay true: what does not open is told apart from nothing, and
// no secret leaves an object that holds one.
//
//   sealed = "xkv1" nonce(24) box
import { type DecodedKey, decodePublicKey, decodeSeed, encodePublic } from "@weft/auth";
import { assert, type Entropy } from "@weft/base";
import nacl from "tweetnacl";

const VERSION = Buffer.from("xkv1", "latin1");
const NONCE_BYTES = 24;
const HEAD_BYTES = VERSION.length + NONCE_BYTES;
const KEY_BYTES = 32;

/** The own half of a pair of curve keys. */
export class CurveKey {
  /** `X...` */
  readonly publicKey: string;
  readonly #secret: Uint8Array;

  /** `secret`: 32 bytes, whose owner is this object from now on. */
  constructor(secret: Uint8Array) {
    assert(secret.length === KEY_BYTES, "a curve key has 32 bytes");
    this.#secret = secret;
    this.publicKey = encodePublic("curve", nacl.scalarMult.base(secret));
  }

  static fromEntropy(entropy: Entropy): CurveKey {
    const secret = new Uint8Array(KEY_BYTES);
    entropy.fill(secret);
    return new CurveKey(secret);
  }

  /** Undefined if the text is no seed of a curve key (`SX...`). */
  static fromSeed(seed: string): CurveKey | undefined {
    const decoded: DecodedKey = decodeSeed(seed);
    return decoded.ok && decoded.kind === "curve" ? new CurveKey(decoded.raw) : undefined;
  }

  /**
   * The line to the owner of another key; undefined if the text is no public curve key, or one that
   * anybody shares the same secret with.
   */
  lineTo(publicKey: string): SealedLine | undefined {
    const decoded = decodePublicKey(publicKey);
    if (!decoded.ok || decoded.kind !== "curve") return undefined;
    const point = nacl.scalarMult(this.#secret, decoded.raw);
    if (point.every((byte) => byte === 0)) return undefined;
    return new SealedLine(publicKey, nacl.box.before(decoded.raw, this.#secret));
  }
}

/** The lines of one key to the others that it was used with last. */
export class SealedLines {
  readonly #own: CurveKey;
  readonly #max: number;
  /** The one that was used last stands last. */
  readonly #lines = new Map<string, SealedLine>();

  constructor(own: CurveKey, max: number) {
    this.#own = own;
    this.#max = max;
  }

  /** See {@link CurveKey.lineTo}. */
  to(publicKey: string): SealedLine | undefined {
    const line = this.#lines.get(publicKey) ?? this.#own.lineTo(publicKey);
    // What is no key is not kept: it may be of any length.
    if (line === undefined) return undefined;
    this.#lines.delete(publicKey);
    this.#lines.set(publicKey, line);
    if (this.#lines.size > this.#max) {
      const [oldest = ""] = this.#lines.keys();
      this.#lines.delete(oldest);
    }
    return line;
  }
}

/** What two keys share; made once for many messages. */
export class SealedLine {
  /** The other side. */
  readonly peer: string;
  readonly #shared: Uint8Array;

  constructor(peer: string, shared: Uint8Array) {
    this.peer = peer;
    this.#shared = shared;
  }

  seal(message: Uint8Array, entropy: Entropy): Buffer {
    const nonce = new Uint8Array(NONCE_BYTES);
    entropy.fill(nonce);
    return Buffer.concat([VERSION, nonce, nacl.box.after(message, nonce, this.#shared)]);
  }

  /** Undefined for what the other side did not seal for this one. */
  open(sealed: Uint8Array): Buffer | undefined {
    if (sealed.length < HEAD_BYTES || !VERSION.equals(sealed.subarray(0, VERSION.length))) {
      return undefined;
    }
    const nonce = sealed.subarray(VERSION.length, HEAD_BYTES);
    const opened = nacl.box.open.after(sealed.subarray(HEAD_BYTES), nonce, this.#shared);
    return opened === null ? undefined : Buffer.from(opened);
  }
}
