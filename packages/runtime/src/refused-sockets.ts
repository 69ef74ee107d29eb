// Connections above the limit: told why, and closed. Acceptor thread. What must stay true: a storm
// of them holds few descriptors, each for a short while.
import type { Socket } from "node:net";

/** Told why at one time; further ones are closed without a word. */
const TOLD_MAX = 256;
const LINGER_MS = 200;

export class RefusedSockets {
  readonly #told = new Set<Socket>();

  refuse(socket: Socket, text: string): void {
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
  }
}
