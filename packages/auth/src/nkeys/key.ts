// The text form of nkeys: what kind of key a text is, and its 32 raw bytes. Any thread; pure.
// Nothing here throws for any input: a key that a peer sends is untrusted until it is decoded.
import { assert } from "@weft/base";
import { decodeBase32, encodeBase32 } from "./base32.ts";
import { crc16 } from "./crc16.ts";

/** First byte of each kind of public key, by the letter that its text starts with. */
const PREFIX_BYTES = {
  account: 0,
  cluster: 2 << 3,
  server: 13 << 3,
  operator: 14 << 3,
  user: 20 << 3,
  curve: 23 << 3,
} as const;

/** What a public key stands for: `A`, `C`, `N`, `O`, `U` and `X` keys. */
export type KeyKind = keyof typeof PREFIX_BYTES;

const SEED_PREFIX = 18 << 3;
const RAW_KEY_BYTES = 32;
const PUBLIC_TEXT_LENGTH = 56;
const SEED_TEXT_LENGTH = 58;
const CRC_BYTES = 2;

/** Why a text is not a key. */
export type KeyError = "length" | "encoding" | "checksum" | "prefix";

/** A decoded key; `raw` has 32 bytes. */
export type DecodedKey =
  | { readonly ok: true; readonly kind: KeyKind; readonly raw: Uint8Array }
  | { readonly ok: false; readonly error: KeyError };

function kindOf(prefix: number): KeyKind | undefined {
  for (const kind of Object.keys(PREFIX_BYTES) as KeyKind[]) {
    if (PREFIX_BYTES[kind] === prefix) return kind;
  }
  return undefined;
}

/** The bytes of a key text without the check sum, or why there are none. */
function decodeChecked(text: string, length: number): Uint8Array | KeyError {
  if (text.length !== length) return "length";
  const bytes = decodeBase32(text);
  if (bytes === undefined) return "encoding";
  const end = bytes.length - CRC_BYTES;
  const stored = (bytes[end] as number) | ((bytes[end + 1] as number) << 8);
  return stored === crc16(bytes, 0, end) ? bytes.subarray(0, end) : "checksum";
}

function encodeChecked(payload: Uint8Array): string {
  const bytes = new Uint8Array(payload.length + CRC_BYTES);
  bytes.set(payload);
  const crc = crc16(payload, 0, payload.length);
  bytes[payload.length] = crc & 0xff;
  bytes[payload.length + 1] = crc >>> 8;
  return encodeBase32(bytes);
}

/** Decodes a public key text of any kind. */
export function decodePublicKey(text: string): DecodedKey {
  const bytes = decodeChecked(text, PUBLIC_TEXT_LENGTH);
  if (typeof bytes === "string") return { ok: false, error: bytes };
  const kind = kindOf(bytes[0] as number);
  if (kind === undefined) return { ok: false, error: "prefix" };
  return { ok: true, kind, raw: bytes.slice(1) };
}

/** True if `text` is a public key of `kind`: the checks AN-10 (users) and AC-04 (accounts). */
export function isPublicKey(text: string, kind: KeyKind): boolean {
  const key = decodePublicKey(text);
  return key.ok && key.kind === kind;
}

/** The text of a public key; also makes server ids (CP-02). `raw` must have 32 bytes. */
export function encodePublic(kind: KeyKind, raw: Uint8Array): string {
  assert(raw.length === RAW_KEY_BYTES, "a public key has 32 bytes");
  const payload = new Uint8Array(1 + RAW_KEY_BYTES);
  payload[0] = PREFIX_BYTES[kind];
  payload.set(raw, 1);
  return encodeChecked(payload);
}

/** Decodes a seed (`S` and the letter of its kind); `raw` is the ed25519 or x25519 secret. */
export function decodeSeed(text: string): DecodedKey {
  const bytes = decodeChecked(text, SEED_TEXT_LENGTH);
  if (typeof bytes === "string") return { ok: false, error: bytes };
  const first = bytes[0] as number;
  const second = bytes[1] as number;
  const kind = kindOf(((first & 7) << 5) | (second >>> 3));
  if ((first & 0xf8) !== SEED_PREFIX || (second & 7) !== 0 || kind === undefined) {
    return { ok: false, error: "prefix" };
  }
  return { ok: true, kind, raw: bytes.slice(2) };
}

/** The text of a seed. `raw` must have 32 bytes. */
export function encodeSeed(kind: KeyKind, raw: Uint8Array): string {
  assert(raw.length === RAW_KEY_BYTES, "a seed has 32 bytes");
  const payload = new Uint8Array(2 + RAW_KEY_BYTES);
  payload[0] = SEED_PREFIX | (PREFIX_BYTES[kind] >>> 5);
  payload[1] = (PREFIX_BYTES[kind] & 31) << 3;
  payload.set(raw, 2);
  return encodeChecked(payload);
}
