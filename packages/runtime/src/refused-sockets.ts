// Connections above the limit: told why, closed, and remembered as closed. Acceptor thread. What
// must stay true: a storm of them holds few descriptors, each for a short while, and few records.
import type { Socket } from "node:net";
import { encodeFacts, UNKNOWN_FACTS } from "@weft/base";
import type { FinishedConnection } from "@weft/broker";
import type { ClosedReason } from "@weft/protocol";
import { ClosedConnections } from "./closed-connections.ts";

/** Told why at one time; further ones are closed without a word. */
const TOLD_MAX = 256;
const LINGER_MS = 200;
/** Records kept until they are sent; the oldest make room. */
const RECORDS_MAX = 4_096;
const SEND_EVERY_MS = 100;
const REASON: ClosedReason = "Maximum Connections Exceeded";

export interface RefusedSocketsOptions {
  /** CP-04: a refused connection uses up an id as every other does. */
  nextClientId(): number;
  /** Takes the records of the last 100 ms, oldest first (CP-110). */
  onClosed(records: readonly FinishedConnection[]): void;
}

export class RefusedSockets {
  readonly #options: RefusedSocketsOptions;
  readonly #told = new Set<Socket>();
  readonly #records = new ClosedConnections(RECORDS_MAX);
  #sending: NodeJS.Timeout | undefined;

  constructor(options: RefusedSocketsOptions) {
    this.#options = options;
  }

  refuse(socket: Socket, listener: number, text: string): void {
    this.#remember(socket, listener);
    if (text === "" || this.#told.size >= TOLD_MAX) {
      socket.destroy();
      return;
    }
    this.#told.add(socket);
    const timer = setTimeout(() => socket.destroy(), LINGER_MS);
    socket.once("close", () => {
      clearTimeout(timer);
      this.#told.delete(socket);
    });
    socket.end(text, "latin1");
    // What the peer has sent is read and dropped: unread input would turn the close into a reset.
    socket.resume();
  }

  destroy(): void {
    for (const socket of this.#told) socket.destroy();
    this.#send();
  }

  #remember(socket: Socket, listener: number): void {
    const nowMs = Date.now();
    const record: FinishedConnection = {
      clientId: this.#options.nextClientId(),
      reason: REASON,
      account: "",
      startedAt: nowMs,
      closedAt: nowMs,
      activeAt: nowMs,
      inMessages: 0,
      inBytes: 0,
      outMessages: 0,
      outBytes: 0,
      pendingBytes: 0,
      subscriptions: 0,
      roundTripNanos: 0,
      stalls: 0,
      facts: encodeFacts({
        ...UNKNOWN_FACTS,
        listener,
        address: socket.remoteAddress ?? "",
        port: socket.remotePort ?? 0,
      }),
    };
    this.#records.add([record]);
    this.#sending ??= setTimeout(() => this.#send(), SEND_EVERY_MS);
  }

  #send(): void {
    clearTimeout(this.#sending);
    this.#sending = undefined;
    const records = this.#records.take();
    if (records.length > 0) this.#options.onClosed(records);
  }
}
