// Is this text a public nkey of a kind? (AN-10, AC-04). Control thread; only for words of a
// configuration. Format: base32 without padding of prefix byte, 32 bytes of key, and CRC-16/XMODEM
// of those in little-endian order; 56 characters.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const KEY_CHARACTERS = 56;
const KEY_BYTES = 35;

/** The prefix bytes of public keys that a configuration names. */
const PUBLIC_KEY_PREFIX = { user: 20 << 3, account: 0, curve: 23 << 3 } as const;

/** True when `text` is a public key of that kind with a right checksum. */
export function isPublicKey(text: string, kind: keyof typeof PUBLIC_KEY_PREFIX): boolean {
  if (text.length !== KEY_CHARACTERS) return false;
  const bytes = decodeBase32(text);
  if (bytes === undefined || bytes[0] !== PUBLIC_KEY_PREFIX[kind]) return false;
  const checksum = (bytes[KEY_BYTES - 2] ?? 0) | ((bytes[KEY_BYTES - 1] ?? 0) << 8);
  return crc16(bytes.subarray(0, KEY_BYTES - 2)) === checksum;
}

function decodeBase32(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(KEY_BYTES);
  let bits = 0;
  let held = 0;
  let length = 0;
  for (const character of text) {
    const value = ALPHABET.indexOf(character);
    if (value < 0) return undefined;
    held = (held << 5) | value;
    bits += 5;
    if (bits < 8) continue;
    bits -= 8;
    bytes[length++] = (held >>> bits) & 0xff;
    held &= (1 << bits) - 1;
  }
  return bytes;
}

function crc16(bytes: Uint8Array): number {
  let crc = 0;
  for (const byte of bytes) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) {
      crc = crc & 0x8000 ? ((crc << 1) ^ 0x1021) & 0xffff : (crc << 1) & 0xffff;
    }
  }
  return crc;
}
