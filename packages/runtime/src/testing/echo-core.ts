// For tests of the threads: a BrokerCore that knows no protocol. It greets with its thread's index,
// answers each chunk with the same bytes, and obeys a few words: `throw`, `assert`, `hash`, `block`,
// `ring` (a control frame to the next worker, which greets all its connections).
import type { LoginAnswer } from "@weft/auth";
import {
  AssertionFailure,
  encodeFacts,
  type Transport,
  type TransportEvents,
  UNKNOWN_FACTS,
} from "@weft/base";
import type {
  BrokerDependencies,
  BrokerDriver,
  BrokerSnapshot,
  ExcessClosing,
  SnapshotChange,
  SnapshotEffects,
  SubscriptionAnswer,
} from "@weft/broker";

class EchoSession implements TransportEvents {
  readonly transport: Transport;
  readonly core: BrokerCore;
  readonly clientId: number;
  pending: Buffer[] = [];
  writing = false;
  ending = false;

  constructor(core: BrokerCore, transport: Transport, clientId: number) {
    this.core = core;
    this.transport = transport;
    this.clientId = clientId;
  }

  send(text: string): void {
    this.pending.push(Buffer.from(text, "latin1"));
  }

  onBytes(input: Buffer, start: number, end: number): void {
    const text = input.toString("latin1", start, end);
    this.core.dependencies.counters.inBytes += end - start;
    this.core.obey(text.trim(), this);
    this.send(text);
  }

  onWritten(): void {
    this.writing = false;
  }

  onSecure(): void {
    this.send("secure");
  }

  onClosed(): void {
    this.core.gone(this);
  }

  flush(): void {
    if (!this.writing && this.pending.length > 0) {
      this.writing = true;
      this.transport.write(this.pending);
      this.pending = [];
    }
    if (this.ending && this.pending.length === 0) this.transport.end();
  }
}

export class BrokerCore implements BrokerDriver {
  readonly peers = { stop: () => undefined };
  readonly dependencies: BrokerDependencies;
  readonly #snapshot: BrokerSnapshot;
  readonly #sessions = new Set<EchoSession>();

  constructor(snapshot: BrokerSnapshot, _index: unknown, dependencies: BrokerDependencies) {
    this.#snapshot = snapshot;
    this.dependencies = dependencies;
  }

  get limits(): BrokerSnapshot["limits"] {
    return this.#snapshot.limits;
  }

  open(transport: Transport): TransportEvents {
    const { bus, counters } = this.dependencies;
    const session = new EchoSession(this, transport, this.dependencies.nextClientId());
    this.#sessions.add(session);
    counters.connections += 1;
    counters.connectionsTotal += 1;
    session.send(`hello from ${bus.threadIndex} of ${this.#snapshot.server.port}\n`);
    return session;
  }

  obey(word: string, session: EchoSession): void {
    const { bus, control, log } = this.dependencies;
    if (word === "throw") throw new Error("thrown on demand");
    if (word === "assert") throw new AssertionFailure("failed on demand");
    if (word === "log")
      for (let line = 0; line < 5_000; line += 1) log.write("info", `line ${line}`);
    if (word.startsWith("hash ")) {
      const [, stored, given] = word.split(" ");
      control.askForLogin(session.clientId, { kind: "hash", stored: stored!, given: given! });
    }
    if (word.startsWith("block ")) {
      const until = performance.now() + Number(word.slice(6));
      while (performance.now() < until);
    }
    if (word.startsWith("ring ")) bus.sendControl(Number(word.slice(5)), Buffer.from("ring"));
    if (word.startsWith("timer ")) this.dependencies.setTimer(Number(word.slice(6)));
  }

  gone(session: EchoSession): void {
    this.#sessions.delete(session);
    this.dependencies.counters.connections -= 1;
    this.dependencies.control.connectionClosed({
      clientId: session.clientId,
      reason: "Client Closed",
      account: "$G",
      startedAt: 0,
      closedAt: 0,
      activeAt: 0,
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
        address: session.transport.remoteAddress,
        port: session.transport.remotePort,
      }),
    });
  }

  onDataFrame(): boolean {
    return true;
  }

  onControlFrame(from: number, bytes: Buffer, start: number, end: number): void {
    this.#tellAll(`${bytes.toString("latin1", start, end)} from ${from}\n`);
  }

  onSpace(): void {}

  flush(): void {
    for (const session of this.#sessions) session.flush();
    this.dependencies.bus.publish();
  }

  tick(): void {}

  onTimer(): void {
    this.#tellAll("timer\n");
  }

  onLoginAnswer(ticket: number, answer: LoginAnswer): void {
    this.#tellAll(`hash ${ticket} ${answer.kind === "hash" && answer.matches}\n`);
  }

  setTrace(): void {
    this.#tellAll("trace\n");
  }

  listSubscriptions(): SubscriptionAnswer {
    return { entries: [], matched: 0 };
  }

  enterLameDuck(): void {
    this.#tellAll("lame duck\n");
  }

  announce(): void {}

  applySnapshot(_change: SnapshotChange, done: (effects: SnapshotEffects) => void): void {
    this.#tellAll("reloaded\n");
    done({ closed: 0, subscriptionsRemoved: 0, connections: this.#sessions.size });
  }

  applyAccounts(): void {
    this.#tellAll("accounts\n");
  }

  closeExcess(): ExcessClosing {
    return { closed: 0, step: () => true };
  }

  obeyOrder(): undefined {
    return undefined;
  }

  closeSome(count: number): number {
    let closed = 0;
    for (const session of this.#sessions) {
      if (session.ending) continue;
      if (closed === count) break;
      session.ending = true;
      closed += 1;
    }
    return this.#sessions.size;
  }

  #tellAll(text: string): void {
    for (const session of this.#sessions) session.send(text);
  }
}
