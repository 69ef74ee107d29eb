// The core of one worker with nothing around it: no sockets, no other thread, no timers. What a
// case measures with it is all that the server does with a message between read and write.
import { randomFillSync } from "node:crypto";
import { createPrng, LIMITS, type Transport, type TransportEvents } from "@weft/base";
import { BrokerCore, type BrokerDependencies, type Bus } from "@weft/broker";
import { ConnectionSlots, connectionSlotsRegion } from "@weft/shm";
import { createCounters, createInterest, createSnapshot, type SnapshotOptions } from "@weft/sim";
import type { Generations, InterestIndex } from "@weft/subjects";

const THREAD = 1;
const THREADS = 2;
const RECORDS = 4_096;
const BOARD_PLACES = 4_096;
const HASH_SEED = 0x5eed;

/** Input of a session with the room in front that a read buffer has. */
export interface Input {
  readonly bytes: Buffer;
  readonly start: number;
}

export function inputOf(text: string): Input {
  const start = LIMITS.readHeadroomBytes;
  const bytes = Buffer.alloc(start + text.length);
  bytes.write(text, start, "latin1");
  return { bytes, start };
}

/** A connection whose peer reads everything at once. */
export class LoneClient implements Transport {
  readonly remoteAddress = "127.0.0.1";
  readonly localAddress = "127.0.0.1";
  readonly localPort = 4222;
  readonly unsentBytes = 0;
  readonly remotePort = 50_000;
  bytesWritten = 0;
  /** What was written since it was set to "", while `keepsText`. */
  text = "";
  keepsText = true;
  isWriting = false;
  readonly #broker: LoneBroker;
  #events: TransportEvents | undefined;

  constructor(broker: LoneBroker) {
    this.#broker = broker;
  }

  attach(events: TransportEvents): void {
    this.#events = events;
  }

  /** One read, and the end of the turn. */
  send(input: Input): void {
    this.#events?.onBytes(input.bytes, input.start, input.bytes.length);
    this.#broker.endTurn();
  }

  written(): void {
    this.isWriting = false;
    this.#events?.onWritten();
  }

  write(chunks: Buffer[]): void {
    this.isWriting = true;
    for (const chunk of chunks) {
      this.bytesWritten += chunk.length;
      if (this.keepsText) this.text += chunk.toString("latin1");
    }
  }

  pauseReading(): void {
    throw new Error("a case with a peer that reads makes nobody wait");
  }

  resumeReading(): void {}

  startTls(): void {
    throw new Error("no TLS here");
  }

  end(): void {
    throw new Error(`the session was ended: ${this.text.slice(-200)}`);
  }

  destroy(): void {
    this.end();
  }
}

export class LoneBroker {
  readonly #core: BrokerCore;
  readonly #clients: LoneClient[] = [];

  constructor(options: SnapshotOptions = {}) {
    const { generations, indexes } = createInterest(THREADS, RECORDS);
    const snapshot = createSnapshot(options);
    this.#core = new BrokerCore(
      snapshot,
      indexes[THREAD] as InterestIndex,
      dependencies(generations),
    );
  }

  /** Opens a connection and sends CONNECT with these fields, and then `text`. */
  connect(fields: Readonly<Record<string, unknown>>, text = ""): LoneClient {
    const client = new LoneClient(this);
    this.#clients.push(client);
    client.attach(this.#core.open(client, 0));
    this.endTurn();
    const options = JSON.stringify({ verbose: false, ...fields });
    client.send(inputOf(`CONNECT ${options}\r\n${text}PING\r\n`));
    if (!client.text.endsWith("PONG\r\n")) throw new Error(`not connected: ${client.text}`);
    client.text = "";
    return client;
  }

  /** Flushes, and lets every peer read, until nothing is written any more. */
  endTurn(): void {
    this.#core.flush();
    for (const client of this.#clients) {
      while (client.isWriting) {
        client.written();
        this.#core.flush();
      }
    }
  }
}

function dependencies(generations: Generations): BrokerDependencies {
  const prng = createPrng(1);
  let lastClientId = 0;
  return {
    clock: {
      monotonicMs: () => performance.now(),
      unixNanos: () => BigInt(Date.now()) * 1_000_000n,
    },
    entropy: { fill: (out) => void randomFillSync(out) },
    prng,
    log: { debugEnabled: false, traceEnabled: false, write: () => undefined },
    bus: NO_BUS,
    shared: {
      permissionTokensMax: 1_000_000,
      subscriptionBytesMax: 1 << 30,
      responseBytesMax: 1 << 27,
      acquireConnection: () => true,
      releaseConnection: () => undefined,
      releaseAbove: () => false,
    },
    control: {
      askForLogin: () => undefined,
      connectionClosed: () => undefined,
      describeConnection: () => undefined,
    },
    board: new ConnectionSlots(connectionSlotsRegion(BOARD_PLACES)),
    counters: createCounters(),
    generations,
    hashSeed: HASH_SEED,
    nextClientId: () => ++lastClientId,
    nextEventSequence: () => 1,
    dialler: { dial: () => undefined },
    setTimer: () => undefined,
  };
}

function noOtherThread(): never {
  throw new Error("there is no other thread");
}

const NO_BUS: Bus = {
  threadIndex: THREAD,
  threadsCount: THREADS,
  reserveData: noOtherThread,
  dataRoom: noOtherThread,
  dataBytes: noOtherThread,
  commitData: noOtherThread,
  sendControl: noOtherThread,
  controlWaits: () => false,
  publish: () => undefined,
};
