// CRC-16/XMODEM, the check at the end of every encoded key. It finds typing errors, not attackers.

/** What each value of the upper byte adds. */
const TABLE = Uint16Array.from({ length: 256 }, (_, upper) => {
  let crc = upper << 8;
  for (let bit = 0; bit < 8; bit += 1) {
    crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
  }
  return crc;
});

/** CRC-16 (polynomial 0x1021, start 0, not reflected) of `bytes[start, end)`. */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at += 1) {
    const upper = (crc >>> 8) ^ (bytes[at] as number);
    crc = ((crc << 8) & 0xffff) ^ (TABLE[upper] as number);
  }
  return crc;
}
