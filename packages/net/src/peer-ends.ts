// Peers that have sent their end but may still read: what waits for them leaves first, as in the
// reference, and then the connection ends (`nc`, scripts that shut their side down). Any thread that
// owns sockets, one object each. What must stay true: nobody waits longer than `LINGER_MS`.
import type { SocketTransport } from "./socket-transport.ts";

/** The reference's default time for a write. */
const LINGER_MS = 10_000;

export class PeerEnds {
  readonly #flush: () => void;
  readonly #waiting = new Set<SocketTransport>();

  constructor(flush: () => void) {
    this.#flush = flush;
  }

  /** Connections whose peers have ended and that still have output. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** The peer of `transport` sends nothing more. */
  add(transport: SocketTransport): void {
    // What its last input led to may wait for the end of the pass.
    this.#flush();
    if (!transport.isWriting) {
      transport.endByPeer();
      return;
    }
    this.#waiting.add(transport);
    transport.endByPeer(LINGER_MS);
  }

  /**
   * Behind the turn in which its session heard of a write: one that has nothing more to take goes. What
   * a write costs does not grow with how many others wait.
   */
  look(transport: SocketTransport): void {
    if (!this.#waiting.has(transport) || transport.isWriting) return;
    this.#waiting.delete(transport);
    transport.endByPeer();
  }

  /** It is closed. */
  forget(transport: SocketTransport): void {
    this.#waiting.delete(transport);
  }
}
