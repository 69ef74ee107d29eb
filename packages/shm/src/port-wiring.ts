// Binds a mailbox to its thread: doorbells and slabs travel over message ports, later turns come by
// setImmediate, so that sockets and timers get their turn between two passes.
//
// A doorbell costs its sender about a microsecond and the sleeper some more; it is rung only for
// sleepers. Slabs use a port of their own, which has no listener: receiveMessageOnPort takes them
// at the moment their reference is met in the ring, and so in the ring's order.
import { type MessagePort, receiveMessageOnPort } from "node:worker_threads";
import { assert } from "@weft/base";
import { Mailbox, type MailboxHandler } from "./mailbox.ts";
import type { MailboxSeed } from "./mailbox-seed.ts";
import { sharedRegion } from "./region.ts";
import type { RingRegion } from "./ring.ts";
import { CONTROL_LANE, type LaneKind, type MailboxWiring } from "./wiring.ts";

const FRAMES_BELL = 0;
const SPACE_BELL = 1;

interface SlabMessage {
  readonly lane: LaneKind;
  readonly region: RingRegion;
}

class PortWiring implements MailboxWiring {
  readonly #doorbells: readonly (MessagePort | null)[];
  readonly #slabPorts: readonly (MessagePort | null)[];
  /** Slabs that were met while one of the other lane was looked for: by thread, then lane. */
  readonly #slabsAside: RingRegion[][][];
  #turn: (() => void) | null = null;
  #immediate: NodeJS.Immediate | null = null;

  constructor(seed: MailboxSeed) {
    this.#doorbells = seed.doorbells;
    this.#slabPorts = seed.slabPorts;
    this.#slabsAside = seed.slabPorts.map(() => [[], []]);
  }

  listen(mailbox: Mailbox): void {
    this.#turn = () => {
      this.#immediate = null;
      mailbox.onTurn();
    };
    for (const [index, port] of this.#doorbells.entries()) {
      port?.on("message", (bell: number) => {
        if (bell === FRAMES_BELL) mailbox.onFramesBell(index);
        else mailbox.onSpaceBell(index);
      });
      port?.on("close", () => mailbox.onPeerClosed(index));
    }
  }

  ringFrames(to: number): void {
    this.#doorbells[to]!.postMessage(FRAMES_BELL);
  }

  ringSpace(to: number): void {
    this.#doorbells[to]!.postMessage(SPACE_BELL);
  }

  defer(): void {
    assert(this.#turn !== null, "a mailbox is started after its wiring");
    this.#immediate = setImmediate(this.#turn);
  }

  createSlab(regionBytes: number): RingRegion {
    return sharedRegion(regionBytes);
  }

  postSlab(to: number, lane: LaneKind, region: RingRegion): void {
    this.#slabPorts[to]!.postMessage({ lane, region } satisfies SlabMessage);
  }

  takeSlab(from: number, lane: LaneKind): RingRegion | null {
    const aside = this.#slabsAside[from]!;
    const waiting = aside[lane]!.shift();
    if (waiting !== undefined) return waiting;
    for (;;) {
      const received = receiveMessageOnPort(this.#slabPorts[from]!);
      if (received === undefined) return null;
      const slab: SlabMessage = received.message;
      if (slab.lane === lane) return slab.region;
      aside[slab.lane === CONTROL_LANE ? 0 : 1]!.push(slab.region);
    }
  }

  ref(): void {
    for (const port of this.#doorbells) port?.ref();
  }

  unref(): void {
    for (const port of this.#doorbells) port?.unref();
  }

  close(): void {
    if (this.#immediate !== null) clearImmediate(this.#immediate);
    for (const port of this.#doorbells) port?.close();
    for (const port of this.#slabPorts) port?.close();
  }
}

/**
 * Opens this thread's mailbox. The handler is called from message events and immediates, never
 * before this returns. A throw in the handler, or a failed assert on a ring, is uncaught.
 */
export function openMailbox(seed: MailboxSeed, handler: MailboxHandler): Mailbox {
  const wiring = new PortWiring(seed);
  const mailbox = new Mailbox(seed, handler, wiring);
  wiring.listen(mailbox);
  mailbox.start();
  return mailbox;
}
