// Byte encoders of the client dialect (CP-46 to CP-48, CP-64, CP-66). Thread: worker.
// What must stay true: subjects, replies and sids are copied byte for byte; nothing is formatted
// by way of strings on the path of a message.
//
//   MSG subject sid [reply] total CRLF payload CRLF
//   HMSG subject sid [reply] header total CRLF header-block payload CRLF

export const OK = Buffer.from("+OK\r\n");
export const PING = Buffer.from("PING\r\n");
export const PONG = Buffer.from("PONG\r\n");
export const CRLF = Buffer.from("\r\n");

const MSG = Buffer.from("MSG ");
const HMSG = Buffer.from("HMSG ");
const BLANK = Buffer.from(" ");
const NO_RESPONDERS_START = Buffer.from("NATS/1.0 503\r\nNats-Subject: ");
/** End of the header block, then of the empty payload. */
const NO_RESPONDERS_END = Buffer.from("\r\n\r\n\r\n");

/** `MSG subject sid `, built once per subscription and subject. */
export function msgPrefix(subject: Uint8Array, sid: Uint8Array): Buffer {
  return Buffer.concat([MSG, subject, BLANK, sid, BLANK]);
}

/** `HMSG subject sid `: the same for messages with headers (CP-47). */
export function hmsgPrefix(subject: Uint8Array, sid: Uint8Array): Buffer {
  return Buffer.concat([HMSG, subject, BLANK, sid, BLANK]);
}

/** Most bytes that `writeDecimal` writes. */
export const DECIMAL_BYTES_MAX = 10;

/**
 * Writes `value`, an integer from 0 to 2^32 - 1, as decimal digits at `offset`. Returns the
 * position behind them. Needs `DECIMAL_BYTES_MAX` bytes of room at most.
 */
export function writeDecimal(out: Uint8Array, offset: number, value: number): number {
  let digits = 1;
  for (let bound = 10; bound <= value; bound *= 10) digits++;
  const end = offset + digits;
  let rest = value >>> 0;
  for (let at = end - 1; at >= offset; at--) {
    const next = (rest / 10) >>> 0;
    out[at] = 48 + rest - next * 10;
    rest = next;
  }
  return end;
}

/**
 * CP-64: what a requester gets when nobody listens: an HMSG on `reply` whose header block is
 * `NATS/1.0 503` with the requested `subject`. (Servers before 2.11 sent the status line only.)
 */
export function noRespondersMessage(
  reply: Uint8Array,
  sid: Uint8Array,
  subject: Uint8Array,
): Buffer {
  const headerBytes = NO_RESPONDERS_START.length + subject.length + 4;
  const sizes = Buffer.from(`${headerBytes} ${headerBytes}\r\n`);
  return Buffer.concat([
    hmsgPrefix(reply, sid),
    sizes,
    NO_RESPONDERS_START,
    subject,
    NO_RESPONDERS_END,
  ]);
}
