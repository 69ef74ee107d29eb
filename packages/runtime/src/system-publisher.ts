// Messages of the system account that control sends: numbered, wrapped, packed. Control thread. Must
// stay true: an event that nobody listens to is not made.
import { gzip } from "node:zlib";
import { type InternalParticipant, OwnTrace } from "@weft/broker";
import {
  type AnswerError,
  type EventStamp,
  envelopeAround,
  errorEnvelope,
  eventId,
  type MessageStamp,
  type Packing,
  type ServerFacts,
  type Service,
  snappyChunks,
} from "@weft/control";
import type { LogSink } from "@weft/logging";
import { systemClock, systemEntropy } from "./clocks.ts";
import type { EventSequence } from "./event-sequence.ts";
import { nextTurn } from "./monitor-steps.ts";

/** Index of the system account in every snapshot. */
export const SYSTEM_ACCOUNT = 1;
const NO_HEADER = Buffer.alloc(0);

export class SystemPublisher {
  /** Replaced by a reload. */
  server: ServerFacts;
  /** Events that were made because somebody listened. */
  events = 0;
  readonly trace = new OwnTrace();
  readonly #participant: InternalParticipant<Service>;
  readonly #sequence: EventSequence;
  readonly #log: LogSink;
  readonly #clock = systemClock();

  constructor(
    participant: InternalParticipant<Service>,
    server: ServerFacts,
    sequence: EventSequence,
    log: LogSink,
  ) {
    this.#log = log;
    this.#participant = participant;
    this.server = server;
    this.#sequence = sequence;
  }

  /** Number and time of the next message. */
  stamp(): MessageStamp {
    return { sequence: this.#sequence.next(), at: this.#clock.unixNanos() };
  }

  unixNanos(): bigint {
    return this.#clock.unixNanos();
  }

  hasListener(subject: string): boolean {
    return this.#participant.hasListener(SYSTEM_ACCOUNT, subject);
  }

  /** Makes the event and sends it, where anybody listens. */
  event(subject: string, document: (stamp: EventStamp) => object): void {
    if (!this.hasListener(subject)) return;
    this.events += 1;
    this.document(subject, document({ ...this.stamp(), id: eventId(systemEntropy) }));
  }

  document(subject: string, document: object): void {
    this.text(subject, JSON.stringify(document));
  }

  text(subject: string, text: string): void {
    this.#publish(subject, NO_HEADER, Buffer.from(text, "utf8"));
  }

  refuse(reply: string, error: AnswerError): void {
    this.text(reply, errorEnvelope(this.server, this.stamp(), error));
  }

  /** SY-22, SY-26. `body`: JSON text, whole or in pieces; none = nothing but that it is done. */
  async answer(reply: string, body: string | readonly Buffer[], packing: Packing): Promise<void> {
    const pieces = typeof body === "string" ? [Buffer.from(body, "utf8")] : body;
    const [before, after] = envelopeAround(this.server, this.stamp(), body.length > 0);
    const text = Buffer.concat([Buffer.from(before), ...pieces, Buffer.from(after)]);
    const packed = await pack(text, packing);
    const header =
      packing === "none"
        ? NO_HEADER
        : Buffer.from(`NATS/1.0\r\nContent-Encoding:${packing}\r\n\r\n`, "latin1");
    this.#publish(reply, header, packed);
  }

  #publish(subject: string, header: Buffer, payload: Buffer): void {
    this.trace.published(this.#log, subject, header, payload);
    this.#participant.publish(SYSTEM_ACCOUNT, subject, header, payload);
  }
}

function pack(text: Buffer, packing: Packing): Buffer | Promise<Buffer> {
  if (packing === "snappy") return packSnappy(text);
  if (packing !== "gzip") return text;
  return new Promise((resolve, reject) => {
    gzip(text, (error, packed) => (error === null ? resolve(packed) : reject(error)));
  });
}

/** Chunk by chunk: a large page takes longer than the thread may stand still. */
async function packSnappy(text: Buffer): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for (const chunk of snappyChunks(text)) {
    chunks.push(chunk);
    await nextTurn();
  }
  return Buffer.concat(chunks);
}
