// One publishing connection: writes pre-encoded chunks round and round, one write under way at a
// time, and never runs further ahead of its receivers than the window. Owned by the load process.
import { type Chunk, encodeChunks, encodePublish, FINAL, subjectAt } from "./encode.ts";
import type { PublisherSpec } from "./job.ts";
import type { Link } from "./link.ts";

/**
 * Bytes on their way to each receiver. Far more than any server needs to be kept busy, and less
 * than what either of them cuts a slow receiver for.
 */
const WINDOW_BYTES_PER_RECEIVER = 8 * 1024 * 1024;

export class Publisher {
  /** Messages written, the final one included. */
  messages = 0;
  readonly #link: Link;
  readonly #spec: PublisherSpec;
  readonly #chunks: readonly Chunk[];
  #nextChunk = 0;
  #isWriting = false;
  #isStopped = false;
  #isHeld = false;
  #whenFlushed: (() => void) | undefined;

  /** How many deliveries one message makes, and how long each is. */
  fanOut = 0;
  deliveryBytes = 0;
  /** Delivered bytes so far, over all receivers of this publisher. */
  deliveredBytes = 0;

  constructor(link: Link, spec: PublisherSpec, trailer: string) {
    this.#link = link;
    this.#spec = spec;
    this.#chunks = encodeChunks(spec, trailer);
  }

  start(): void {
    this.#pump();
  }

  /** Called when receivers have made progress. */
  delivered(bytes: number): void {
    this.deliveredBytes += bytes;
    if (this.#isHeld && !this.#isAhead()) {
      this.#isHeld = false;
      this.#pump();
    }
  }

  /** Messages of one chunk: what one answered trailer stands for. */
  get messagesPerChunk(): number {
    return this.#chunks[0]?.messages ?? 0;
  }

  get finalSubject(): string {
    return subjectAt(this.#spec.subjects, 0);
  }

  /** Stops after the chunk under way and writes one last message of another content. */
  async finish(): Promise<void> {
    this.#isStopped = true;
    if (this.#isWriting) {
      await new Promise<void>((resolve) => {
        this.#whenFlushed = resolve;
      });
    }
    this.messages++;
    this.#link.write(encodePublish(this.finalSubject, this.#spec.payloadBytes, FINAL));
  }

  #isAhead(): boolean {
    const expected = this.messages * this.deliveryBytes * this.fanOut;
    return expected - this.deliveredBytes > WINDOW_BYTES_PER_RECEIVER * this.fanOut;
  }

  readonly #pump = (): void => {
    if (this.#isStopped || this.#isWriting || this.#isHeld) return;
    if (this.#isAhead()) {
      this.#isHeld = true;
      return;
    }
    const chunk = this.#chunks[this.#nextChunk];
    if (chunk === undefined) return;
    this.#nextChunk = (this.#nextChunk + 1) % this.#chunks.length;
    this.messages += chunk.messages;
    this.#isWriting = true;
    this.#link.write(chunk.bytes, this.#written);
  };

  readonly #written = (): void => {
    this.#isWriting = false;
    if (this.#isStopped) this.#whenFlushed?.();
    // Not at once: the receivers' sockets are read between two chunks, else they would starve.
    else setImmediate(this.#pump);
  };
}
