// Fixed answers of the client dialect, and the message that nobody is there (CP-47, CP-64, CP-66).
// Thread: worker. What must stay true: subjects, replies and sids are copied byte for byte. Messages
// are written by the deliverer and by plans of the broker.
//
//   HMSG subject sid [reply] header total CRLF header-block payload CRLF

export const OK = Buffer.from("+OK\r\n");
export const PING = Buffer.from("PING\r\n");
export const PONG = Buffer.from("PONG\r\n");

const HMSG = Buffer.from("HMSG ");
const BLANK = Buffer.from(" ");
const NO_RESPONDERS_START = Buffer.from("NATS/1.0 503\r\nNats-Subject: ");
/** End of the header block, then of the empty payload. */
const NO_RESPONDERS_END = Buffer.from("\r\n\r\n\r\n");

/** `HMSG subject sid ` (CP-47). */
function hmsgPrefix(subject: Uint8Array, sid: Uint8Array): Buffer {
  return Buffer.concat([HMSG, subject, BLANK, sid, BLANK]);
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
