// What every event begins with: its type, an id and the time (SY-13). Any thread; pure.
import type { Entropy, UnixNanos } from "@weft/base";
import { wireTime } from "./wire-time.ts";

const ID_CHARACTERS = 22;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** The largest multiple of 62 in a byte: what is above is drawn again. */
const FAIR_BELOW = 248;

/** 22 characters of base 62 that nobody else draws. */
export function eventId(entropy: Entropy): string {
  const drawn = Buffer.alloc(2 * ID_CHARACTERS);
  let id = "";
  while (id.length < ID_CHARACTERS) {
    entropy.fill(drawn);
    for (const byte of drawn) {
      if (byte < FAIR_BELOW && id.length < ID_CHARACTERS) id += DIGITS[byte % DIGITS.length];
    }
  }
  return id;
}

/** `kind`: last part of the type's name. */
export function typedEvent(kind: string, id: string, at: UnixNanos): object {
  return { type: `io.nats.server.advisory.v1.${kind}`, id, timestamp: wireTime(at) };
}
