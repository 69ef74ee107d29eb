// Bits of what a transport is doing; see socket-transport.ts.

export const PAUSED = 1;
/** Put off by the fairness rule; the driver resumes it. */
export const YIELDED = 2;
/** `startTls` was called, the first bytes are not here yet. */
export const AWAITING_HELLO = 4;
/** The TLS layer has the socket, the handshake is not finished. */
export const HANDSHAKING = 8;
/** `end` was called: input is read and dropped, so that no reset eats the last output. */
export const ENDING = 16;
export const DESTROYED = 32;
export const CLOSED = 64;
/** TLS whose clear bytes come as `data` events. */
export const BY_EVENTS = 128;
/** A write waits for the system. */
export const WRITING = 256;
/** A write is done of which the session has not heard. */
export const UNTOLD = 512;
export const DISCARDING = ENDING | DESTROYED | CLOSED;
