// CRC-16/XMODEM, the check at the end of every encoded key. It finds typing errors, not attackers.

/** CRC-16 (polynomial 0x1021, start 0, not reflected) of `bytes[start, end)`. */
export function crc16(bytes: Uint8Array, start: number, end: number): number {
  let crc = 0;
  for (let at = start; at < end; at += 1) {
    crc ^= (bytes[at] as number) << 8;
    for (let bit = 0; bit < 8; bit += 1) {
      crc = (crc & 0x8000) === 0 ? crc << 1 : (crc << 1) ^ 0x1021;
    }
    crc &= 0xffff;
  }
  return crc;
}
