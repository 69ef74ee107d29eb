// SHA-256 of claims, and the XOR over many of them that stands for a whole directory (AC-89).
// Any thread; pure.
import { hash } from "node:crypto";

/** Lower-case hex SHA-256 of the text's UTF-8 bytes: the identity of a claim. */
export function claimHash(text: string): string {
  return hash("sha256", text, "hex");
}

/** XOR of hashes. Adding one twice takes it out again; the order does not matter. */
export class HashSum {
  readonly #bytes: Uint8Array;

  /** `byteCount`: how many leading bytes of each hash count, at most 32. */
  constructor(byteCount = 32) {
    this.#bytes = new Uint8Array(byteCount);
  }

  /** Puts `hex` in, or out if it is in. `inverted` keeps it apart from the same hash as it is. */
  toggle(hex: string, inverted = false): void {
    const bytes = this.#bytes;
    const flip = inverted ? 0xff : 0;
    for (let at = 0; at < bytes.length; at += 1) {
      const byte = Number.parseInt(hex.slice(at * 2, at * 2 + 2), 16);
      bytes[at] = (bytes[at] as number) ^ byte ^ flip;
    }
  }

  bytes(): Uint8Array {
    return this.#bytes.slice();
  }

  hex(): string {
    return Buffer.from(this.#bytes).toString("hex");
  }
}
