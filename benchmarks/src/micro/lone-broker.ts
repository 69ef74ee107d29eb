// The core of one worker with nothing around it: no sockets, no other thread, no timers. What a
// case measures with it is all that the server does with a message between read and write.
import { randomFillSync } from "node:crypto";
import { type AccountSpec, compileAccounts } from "@weft/accounts";
import type { UserSpec } from "@weft/auth";
import { createPrng, LIMITS, type Transport, type TransportEvents } from "@weft/base";
import { BrokerCore, type BrokerDependencies, type BrokerSnapshot, type Bus } from "@weft/broker";
import { ConnectionSlots, connectionSlotsRegion } from "@weft/shm";
import {
  formatInterestRegion,
  Generations,
  generationsBytes,
  InterestIndex,
  InterestReader,
  InterestWriter,
  interestRegionBytes,
  Quiescence,
  quiescenceBytes,
  SharedWords,
} from "@weft/subjects";

const THREAD = 1;
const THREADS = 2;
const ACCOUNTS = 16;
const RECORDS = 4_096;
const BOARD_PLACES = 4_096;
const HASH_SEED = 0x5eed;

export interface LoneBrokerOptions {
  readonly accounts?: readonly AccountSpec[] | undefined;
  readonly users?: readonly UserSpec[] | undefined;
}

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

  constructor(options: LoneBrokerOptions = {}) {
    const generationWords = new SharedWords(new ArrayBuffer(generationsBytes(ACCOUNTS)));
    const generations = new Generations(generationWords, ACCOUNTS);
    this.#core = new BrokerCore(
      snapshotOf(options),
      indexWith(generations),
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

function indexWith(generations: Generations): InterestIndex {
  const segments = Array.from({ length: THREADS }, () => {
    const region = new ArrayBuffer(interestRegionBytes(RECORDS));
    formatInterestRegion(region, RECORDS);
    return region;
  });
  const slots = new SharedWords(new ArrayBuffer(quiescenceBytes(THREADS)));
  const quiescence = new Quiescence(slots, THREADS);
  const own = segments[THREAD] as ArrayBuffer;
  return new InterestIndex({
    threadIndex: THREAD,
    segments: segments.map((region) => new InterestReader(region)),
    quiescence,
    writer: new InterestWriter(own, THREAD, quiescence, generations),
  });
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
    counters: {
      connections: 0,
      connectionsTotal: 0,
      subscriptions: 0,
      inMessages: 0,
      inBytes: 0,
      outMessages: 0,
      outBytes: 0,
      slowConsumersPending: 0,
      slowConsumersDeadline: 0,
      staleConnections: 0,
      stalledClients: 0,
      authFailures: 0,
      planMisses: 0,
      subscriptionsAdded: 0,
      plansKept: 0,
      fanoutMax: 0,
      connectionFaults: 0,
      handshakesThrottled: 0,
      systemEvents: 0,
    },
    generations,
    hashSeed: HASH_SEED,
    nextClientId: () => ++lastClientId,
    nextEventSequence: () => 1,
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

function snapshotOf(options: LoneBrokerOptions): BrokerSnapshot {
  const specs = options.accounts ?? [];
  const compiled = compileAccounts(specs, {});
  if (!compiled.ok) throw new Error(compiled.errors.map((error) => error.message).join("; "));
  const accountNames = specs.map((account) => account.name);
  return {
    auth: { users: options.users ?? [], tlsMap: false, accountNames },
    accounts: compiled.snapshot,
    limits: {
      ...LIMITS,
      subscriptionsMax: -1,
      subscriptionTokensMax: 0,
      noFastProducerStall: false,
      headers: true,
    },
    server: {
      id: "N".padEnd(56, "A"),
      name: "bench",
      version: "2.14.0",
      weftVersion: "0.0.0",
      runtime: "bench",
      host: "127.0.0.1",
      port: 4222,
    },
    listeners: [
      { kind: "client", tls: "off", tlsVerify: false, handshakeFirst: false, tlsTimeoutMs: 2_000 },
    ],
  };
}
