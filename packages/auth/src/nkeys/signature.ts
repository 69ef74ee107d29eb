// Ed25519 signatures of nkeys. Owned by the thread that made the verifier. A key or a signature
// from a peer can be anything: the answer is a verdict, never an exception.
import { createPublicKey, verify } from "node:crypto";
import { decodePublicKey, type KeyError } from "./key.ts";

const SIGNATURE_BYTES = 64;
/** Base64 of 64 bytes has 86 characters, 88 with padding. */
const SIGNATURE_TEXT_LENGTH_MAX = 88;
/** DER in front of the 32 bytes of an ed25519 public key (RFC 8410). */
const SPKI_PREFIX = Buffer.from("302a300506032b6570032100", "hex");
/** Prepared keys that a verifier keeps; the one unused for longest makes room. */
const PREPARED_KEYS_MAX = 256;

/** Whether `signature` (64 bytes) is that of the ed25519 key `key` (32 bytes) over `message`. */
export type Ed25519Check = (signature: Uint8Array, message: Uint8Array, key: Uint8Array) => boolean;

/** A key that was decoded: whether it signed `message`. */
type PreparedKey = (message: Uint8Array, signature: Uint8Array) => boolean;

function preparedByNode(raw: Uint8Array): PreparedKey {
  const der = Buffer.concat([SPKI_PREFIX, raw]);
  const key = createPublicKey({ key: der, format: "der", type: "spki" });
  return (message, signature) => verify(null, message, key, signature);
}

let prepareKey: (raw: Uint8Array) => PreparedKey = preparedByNode;

/**
 * Has the signatures of this thread checked by what `load` gives, asked at the first signature;
 * undefined = Node's own check, which takes more than twice as long as the best ones.
 */
export function checkSignaturesBy(load: () => Ed25519Check | undefined): void {
  prepareKey = (first) => {
    const check = load();
    prepareKey =
      check === undefined
        ? preparedByNode
        : (raw) => (message, signature) => check(signature, message, raw);
    return prepareKey(first);
  };
}

/** Why a signature was not accepted. `kind` = a key that cannot sign (`X...`). */
export type SignatureVerdict = "valid" | "invalid" | "length" | "kind" | `key-${KeyError}`;

/** Checks signatures and remembers the prepared form of keys that it saw. */
export class SignatureVerifier {
  readonly #prepared = new Map<string, PreparedKey>();

  /** Verifies `signature` (64 bytes) over `message` by the public key text `publicKey`. */
  verify(publicKey: string, message: Uint8Array, signature: Uint8Array): SignatureVerdict {
    const key = this.#prepare(publicKey);
    if (typeof key === "string") return key;
    if (signature.length !== SIGNATURE_BYTES) return "length";
    return key(message, signature) ? "valid" : "invalid";
  }

  #prepare(publicKey: string): PreparedKey | SignatureVerdict {
    const known = this.#prepared.get(publicKey);
    if (known !== undefined) {
      this.#prepared.delete(publicKey);
      this.#prepared.set(publicKey, known);
      return known;
    }
    const decoded = decodePublicKey(publicKey);
    if (!decoded.ok) return `key-${decoded.error}`;
    if (decoded.kind === "curve") return "kind";
    const prepared = prepareKey(decoded.raw);
    if (this.#prepared.size >= PREPARED_KEYS_MAX) {
      for (const oldest of this.#prepared.keys()) {
        this.#prepared.delete(oldest);
        break;
      }
    }
    this.#prepared.set(publicKey, prepared);
    return prepared;
  }
}

function isBase64(text: string, code62: number, code63: number): boolean {
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const letter = (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;
    const digit = code >= 0x30 && code <= 0x39;
    if (!letter && !digit && code !== code62 && code !== code63) return false;
  }
  return true;
}

/**
 * The bytes of the `sig` of a CONNECT (AN-08): base64url without padding, or padded standard
 * base64; undefined if it is neither or longer than any signature.
 */
export function decodeSignature(text: string): Uint8Array | undefined {
  if (text.length === 0 || text.length > SIGNATURE_TEXT_LENGTH_MAX) return undefined;
  if (text.length % 4 !== 1 && isBase64(text, 0x2d, 0x5f)) return Buffer.from(text, "base64url");
  const body = text.endsWith("==") ? text.slice(0, -2) : text.replace(/=$/, "");
  if (text.length % 4 !== 0 || !isBase64(body, 0x2b, 0x2f)) return undefined;
  return Buffer.from(body, "base64");
}
