// Five servers that keep accounts together, with a network that loses, doubles, delays and parts, disks
// that fail, power that goes, and operators that push and delete. Test support, one thread. Everything
// is drawn from one seed. What operators were told is written down and held against the end.
import { createPrng, type Prng } from "@weft/base";
import { VirtualClock } from "@weft/sim";
import {
  type ClaimReplyBody,
  type DirectoryNodeOptions,
  decodeMeshMessage,
  encodeMeshMessage,
  type MeshMessage,
  type Now,
} from "../index.ts";
import { MeshNode } from "./mesh-node.ts";

export interface Trouble {
  /** Of 1,000 messages. */
  readonly lost: number;
  readonly doubled: number;
  /** Of 1,000 file steps. */
  readonly diskFails: number;
  readonly delayMsMax: number;
}

export const NO_TROUBLE: Trouble = { lost: 0, doubled: 0, diskFails: 0, delayMsMax: 5 };

/** What an operator was promised by a node. */
export interface Acknowledged {
  readonly node: string;
  readonly text: string;
}

export class MeshWorld {
  readonly prng: Prng;
  readonly clock = new VirtualClock();
  readonly nodes: MeshNode[];
  readonly accepted: Acknowledged[] = [];
  trouble: Trouble = NO_TROUBLE;
  /** Node -> side; nodes on different sides do not hear each other. */
  readonly sides = new Map<string, number>();
  readonly #texts = new Map<string, string>();
  #lastInbox = 0;

  constructor(seed: number, count: number, options: DirectoryNodeOptions) {
    this.prng = createPrng(seed);
    this.nodes = Array.from({ length: count }, (_, index) => {
      return new MeshNode(`N${index}`, options, this);
    });
  }

  now(): Now {
    const unixMs = Number(this.clock.unixNanos() / 1_000_000n);
    return { monotonicMs: this.clock.monotonicMs(), unixMs };
  }

  /** Unix seconds of the true clock. */
  seconds(): number {
    return Math.floor(this.now().unixMs / 1000);
  }

  running(): MeshNode[] {
    return this.nodes.filter((node) => node.core !== undefined);
  }

  send(from: string, to: string | undefined, message: MeshMessage): void {
    // As bytes, so that the codec is part of the proof.
    const payload = Buffer.from(encodeMeshMessage(from, message));
    for (const node of this.nodes) {
      if (node.name !== from && (to === undefined || to === node.name)) {
        this.#carry(from, node, payload);
      }
    }
  }

  replied(node: MeshNode, subject: string, body: ClaimReplyBody): void {
    const text = this.#texts.get(subject);
    if (body.kind === "status" && text !== undefined) this.accepted.push({ node: node.name, text });
  }

  /** An operator's request, heard by the nodes of `node`'s side unless it gets lost. */
  request(subject: string, text: string, first: MeshNode): void {
    this.#lastInbox += 1;
    const reply = `_INBOX.${this.#lastInbox}`;
    this.#texts.set(reply, text);
    const payload = Buffer.from(text);
    for (const node of this.nodes) {
      if (!this.#isReached(first.name, node)) continue;
      for (let copies = this.#copies(); copies > 0; copies -= 1) {
        this.clock.setTimer(this.#delay(), () => {
          node.core?.onRequest({ subject, reply, payload }, node.now());
          node.collect();
        });
      }
    }
  }

  /** Lets time pass: messages arrive, disks work, nodes tick. */
  run(durationMs: number): void {
    const endMs = this.clock.monotonicMs() + durationMs;
    while (this.clock.monotonicMs() < endMs) {
      this.clock.advanceTo(Math.min(endMs, this.#nextMs()));
      for (const node of this.running()) {
        const nowMs = this.clock.monotonicMs();
        if (node.core !== undefined && node.core.nextDueMs() <= nowMs) node.core.tick(node.now());
        node.collect();
        this.#work(node);
      }
    }
  }

  /** Carries out everything that is queued, and nothing new of the network. */
  drain(node: MeshNode): void {
    while (node.isBusy) node.advance(false);
  }

  #work(node: MeshNode): void {
    let pieces = this.prng.below(8);
    while (pieces > 0 && node.isBusy) {
      node.advance(this.#happens(this.trouble.diskFails));
      pieces -= 1;
    }
  }

  #nextMs(): number {
    const nowMs = this.clock.monotonicMs();
    let nextMs = Math.max(nowMs, this.clock.nextDueMs());
    for (const node of this.running()) {
      nextMs = Math.min(nextMs, Math.max(nowMs, node.core?.nextDueMs() ?? nextMs));
      if (node.isBusy) nextMs = Math.min(nextMs, nowMs + 1);
    }
    return Math.max(nextMs, nowMs + 0.25);
  }

  #carry(from: string, node: MeshNode, payload: Uint8Array): void {
    if (!this.#isReached(from, node)) return;
    for (let copies = this.#copies(); copies > 0; copies -= 1) {
      this.clock.setTimer(this.#delay(), () => {
        const envelope = decodeMeshMessage(payload);
        if (envelope === undefined) throw new Error("a message could not be decoded");
        // Parted meanwhile: what is under way is gone, as with a connection that breaks.
        if (!this.#isReached(from, node)) return;
        node.core?.onMessage(envelope.from, envelope.message, node.now());
        node.collect();
      });
    }
  }

  #isReached(from: string, to: MeshNode): boolean {
    return (this.sides.get(from) ?? 0) === (this.sides.get(to.name) ?? 0);
  }

  #copies(): number {
    if (this.#happens(this.trouble.lost)) return 0;
    return this.#happens(this.trouble.doubled) ? 2 : 1;
  }

  #delay(): number {
    return 0.5 + this.prng.below(this.trouble.delayMsMax * 4) / 4;
  }

  #happens(perMille: number): boolean {
    return perMille > 0 && this.prng.below(1_000) < perMille;
  }
}
