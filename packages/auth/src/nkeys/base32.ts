// RFC 4648 base32 in the strict form that nkeys use: upper case, no padding, and the unused bits of
// the last character are zero, so that every byte string has exactly one text. Any thread; pure.

const ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const CODES = Uint8Array.from(ALPHABET, (letter) => letter.charCodeAt(0));

/** By code unit, those below 256; -1 = no letter. */
const VALUE_OF_CODE = ((): Int8Array => {
  const values = new Int8Array(256).fill(-1);
  for (let at = 0; at < ALPHABET.length; at += 1) values[ALPHABET.charCodeAt(at)] = at;
  return values;
})();

/** The base32 text of `bytes`, without padding. */
export function encodeBase32(bytes: Uint8Array): string {
  const text = Buffer.allocUnsafe(Math.ceil((bytes.length * 8) / 5));
  let written = 0;
  let bits = 0;
  let pending = 0;
  for (const byte of bytes) {
    pending = ((pending << 8) | byte) & 0xfff;
    bits += 8;
    while (bits >= 5) {
      bits -= 5;
      text[written] = CODES[(pending >>> bits) & 31] as number;
      written += 1;
    }
  }
  if (bits > 0) text[written] = CODES[(pending << (5 - bits)) & 31] as number;
  return text.toString("latin1");
}

/** The bytes of a canonical base32 text; undefined for any other text. */
export function decodeBase32(text: string): Uint8Array | undefined {
  const rest = text.length % 8;
  if (rest === 1 || rest === 3 || rest === 6) return undefined;
  const bytes = new Uint8Array(Math.floor((text.length * 5) / 8));
  let bits = 0;
  let pending = 0;
  let written = 0;
  for (let at = 0; at < text.length; at += 1) {
    const code = text.charCodeAt(at);
    const value = code < 256 ? (VALUE_OF_CODE[code] as number) : -1;
    if (value < 0) return undefined;
    pending = ((pending << 5) | value) & 0xfff;
    bits += 5;
    if (bits >= 8) {
      bits -= 8;
      bytes[written] = (pending >>> bits) & 0xff;
      written += 1;
    }
  }
  if ((pending & ((1 << bits) - 1)) !== 0) return undefined;
  return bytes;
}
