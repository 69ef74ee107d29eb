// What every event begins with: its type, an id and the time (SY-13). Any thread; pure but for a buffer
// that every id is drawn into.
import type { Entropy, UnixNanos } from "@weft/base";
import { wireTime } from "./wire-time.ts";

const ID_CHARACTERS = 22;
const DIGITS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
/** Digit of each byte. Some digits come a little more often: an id is unique and no secret. */
const DIGIT_OF_BYTE = Uint8Array.from({ length: 256 }, (_, n) => DIGITS.charCodeAt(n % 62));
const id = Buffer.alloc(ID_CHARACTERS);

/** 22 characters of base 62 that nobody else draws. */
export function eventId(entropy: Entropy): string {
  entropy.fill(id);
  for (let at = 0; at < ID_CHARACTERS; at += 1) id[at] = DIGIT_OF_BYTE[id[at] as number] as number;
  return id.toString("latin1");
}

/** `kind`: last part of the type's name. */
export function typedEvent(kind: string, id: string, at: UnixNanos): object {
  return { type: `io.nats.server.advisory.v1.${kind}`, id, timestamp: wireTime(at) };
}
