// Everything one thread needs to exchange frames with the others: two lanes to and from each, and
// the order of work. Owned by its thread. Incoming control lanes are drained before data lanes,
// each up to a budget; what is left waits for a later turn; a lane found empty goes to sleep and is
// woken by a doorbell. Nothing here waits.
//
// What must stay true: an incoming lane is asleep (armed), stopped by the handler, or a turn is
// deferred that will drain it. An outgoing lane that refused or spilled has asked for a wake-up
// since, or is listed for the next publish, or a turn is deferred that will look at it.
import { assert } from "@weft/base";
import { type FrameSink, IncomingLane } from "./incoming-lane.ts";
import { OutgoingLane } from "./outgoing-lane.ts";
import { DRAIN_BUDGET, DRAIN_EMPTIED } from "./ring.ts";
import { CONTROL_LANE, DATA_LANE, type MailboxLanes, type MailboxWiring } from "./wiring.ts";

/** One lane's share of a pass. */
export const PASS_BYTES = 256 * 1024;

/** The thread's side of a mailbox. May write frames and call `publish` from any of these. */
export interface MailboxHandler extends FrameSink {
  /** The data lane to `to`, which had refused a frame, has room again. */
  onSpace(to: number): void;
  /** Once after each pass: flush what its frames caused. `publish` follows by itself. */
  afterDrain(): void;
}

interface Peer {
  readonly index: number;
  readonly controlOut: OutgoingLane;
  readonly dataOut: OutgoingLane;
  readonly controlIn: IncomingLane;
  readonly dataIn: IncomingLane;
  bellIsDue: boolean;
}

export class Mailbox {
  readonly index: number;
  readonly #handler: MailboxHandler;
  readonly #wiring: MailboxWiring;
  readonly #peers: Peer[] = [];
  readonly #peerByIndex: (Peer | null)[] = [];
  readonly #listed: OutgoingLane[] = [];
  #deferred = false;
  #closed = false;

  constructor(lanes: MailboxLanes, handler: MailboxHandler, wiring: MailboxWiring) {
    this.index = lanes.index;
    this.#handler = handler;
    this.#wiring = wiring;
    for (let index = 0; index < lanes.outgoing.length; index++) {
      const outgoing = lanes.outgoing[index] ?? null;
      const incoming = lanes.incoming[index] ?? null;
      if (outgoing === null || incoming === null) {
        this.#peerByIndex.push(null);
        continue;
      }
      const [to, from] = [index, index];
      const [control, bulk] = [CONTROL_LANE, DATA_LANE] as const;
      const listed = this.#listed;
      const peer: Peer = {
        index,
        controlOut: new OutgoingLane({ to, kind: control }, outgoing.controlRing, wiring, listed),
        dataOut: new OutgoingLane({ to, kind: bulk }, outgoing.dataRing, wiring, listed),
        controlIn: new IncomingLane({ from, kind: control }, incoming.controlRing, handler, wiring),
        dataIn: new IncomingLane({ from, kind: bulk }, incoming.dataRing, handler, wiring),
        bellIsDue: false,
      };
      this.#peers.push(peer);
      this.#peerByIndex.push(peer);
    }
  }

  /** The first turn, which finds what was written before this thread came up. */
  start(): void {
    this.#defer();
  }

  /** Frames that are never refused and never lost; drained before data. */
  controlLane(to: number): OutgoingLane {
    return this.#peer(to).controlOut;
  }

  /** Frames that may be refused: see `OutgoingLane.reserve` and `MailboxHandler.onSpace`. */
  dataLane(to: number): OutgoingLane {
    return this.#peer(to).dataOut;
  }

  /** Makes all committed frames visible and rings the sleepers. Once per turn. */
  publish(): void {
    const listed = this.#listed;
    if (listed.length === 0 || this.#closed) return;
    const count = listed.length;
    for (let i = 0; i < count; i++) {
      const lane = listed[i]!;
      if (lane.publish()) this.#peer(lane.to).bellIsDue = true;
      if (lane.waits && lane.wantSpace()) this.#defer();
    }
    for (let i = 0; i < count; i++) {
      const peer = this.#peer(listed[i]!.to);
      if (!peer.bellIsDue) continue;
      peer.bellIsDue = false;
      this.#wiring.ringFrames(peer.index);
    }
    listed.splice(0, count);
  }

  /** The handler takes data frames from `from` again, after it had refused one. */
  resume(from: number): void {
    this.#peer(from).dataIn.resume();
    this.#defer();
  }

  /** Thread `from` published frames while a lane from it slept. */
  onFramesBell(from: number): void {
    if (this.#closed) return;
    const peer = this.#peer(from);
    const controlWoke = peer.controlIn.wake();
    const dataWoke = peer.dataIn.wake();
    // An old bell: the lanes are awake already, and their turn is deferred or they are stopped.
    if (!controlWoke && !dataWoke) return;
    const drainsControl = peer.controlIn.ready;
    if (drainsControl) peer.controlIn.drain(PASS_BYTES);
    const drainsData = peer.dataIn.ready;
    if (drainsData) peer.dataIn.drain(PASS_BYTES);
    this.#flush();
    if (drainsControl) this.#settle(peer.controlIn);
    if (drainsData) this.#settle(peer.dataIn);
  }

  /** Thread `to` freed space in a lane that waited for it. */
  onSpaceBell(to: number): void {
    if (this.#closed) return;
    if (this.#offerSpace(this.#peer(to))) this.#flush();
  }

  /** The turn asked for by `MailboxWiring.defer`. */
  onTurn(): void {
    if (this.#closed) return;
    this.#deferred = false;
    const awake: IncomingLane[] = [];
    for (const { controlIn } of this.#peers) if (controlIn.ready) awake.push(controlIn);
    for (const { dataIn } of this.#peers) if (dataIn.ready) awake.push(dataIn);
    for (const lane of awake) lane.drain(PASS_BYTES);
    for (const peer of this.#peers) this.#offerSpace(peer);
    this.#flush();
    for (const lane of awake) this.#settle(lane);
  }

  /** Thread `from` closed its mailbox: takes what it wrote before, and writes to nobody. */
  onPeerClosed(from: number): void {
    if (this.#closed) return;
    const peer = this.#peer(from);
    peer.controlOut.abandon();
    peer.dataOut.abandon();
    peer.controlIn.wake();
    peer.dataIn.wake();
    this.#defer();
  }

  /** Now and then: drops memory kept for large frames where there were none since the last call. */
  trimIdle(): void {
    for (const peer of this.#peers) {
      peer.controlOut.trimIdle();
      peer.dataOut.trimIdle();
    }
  }

  /** Whether an idle mailbox keeps its thread alive. It does unless told otherwise. */
  ref(): void {
    this.#wiring.ref();
  }

  unref(): void {
    this.#wiring.unref();
  }

  /** True while control frames wait for room: `close` would drop them. */
  get unsent(): boolean {
    return this.#peers.some(({ controlOut }) => controlOut.waits);
  }

  /** Publishes what is committed and ends. Peers still read it; nothing is delivered here. */
  close(): void {
    if (this.#closed) return;
    this.publish();
    this.#closed = true;
    this.#wiring.close();
  }

  #flush(): void {
    this.#handler.afterDrain();
    this.publish();
  }

  /** After a drain: sleep, or see to it that the rest is drained. */
  #settle(lane: IncomingLane): void {
    if (lane.result === DRAIN_BUDGET) this.#defer();
    else if (lane.result === DRAIN_EMPTIED && !lane.sleep()) this.#defer();
  }

  /** True when a lane to this peer was waiting. What still waits is listed to ask again. */
  #offerSpace(peer: Peer): boolean {
    const { controlOut, dataOut } = peer;
    if (!controlOut.waits && !dataOut.waits) return false;
    if (controlOut.waits) {
      controlOut.flushSpill();
      controlOut.list();
    }
    if (dataOut.waits) {
      if (dataOut.spaceIsThere()) {
        dataOut.reopen();
        this.#handler.onSpace(peer.index);
      } else {
        dataOut.list();
      }
    }
    return true;
  }

  #defer(): void {
    if (this.#deferred || this.#closed) return;
    this.#deferred = true;
    this.#wiring.defer();
  }

  #peer(index: number): Peer {
    const peer = this.#peerByIndex[index] ?? null;
    assert(peer !== null, "a mailbox has lanes to every other thread");
    return peer;
  }
}
