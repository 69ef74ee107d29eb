// One simulated server with a directory: the node, its disk and the queue of effects between them.
// Test support, one thread. A kill drops everything but the disk.
import { createPrng, type Prng } from "@weft/base";
import {
  type ClaimReplyBody,
  DirectoryNode,
  type DirectoryNodeOptions,
  FileLayout,
  type FileStep,
  fileKindOf,
  type MeshMessage,
  type Now,
  type ResolverEffect,
  recordMessages,
} from "../index.ts";
import { MemoryDisk } from "./memory-disk.ts";
import { plainReader } from "./plain-claims.ts";

export interface MeshNodeWorld {
  readonly prng: Prng;
  now(): Now;
  send(from: string, to: string | undefined, message: MeshMessage): void;
  replied(node: MeshNode, subject: string, body: ClaimReplyBody): void;
}

export class MeshNode {
  readonly name: string;
  readonly disk = new MemoryDisk();
  readonly log: string[] = [];
  /** Milliseconds that this node's wall clock is off. */
  skewMs = 0;
  /** Undefined = not running. */
  core: DirectoryNode | undefined;
  readonly #options: DirectoryNodeOptions;
  readonly #world: MeshNodeWorld;
  #effects: ResolverEffect[] = [];
  #stepsDone = 0;

  constructor(name: string, options: DirectoryNodeOptions, world: MeshNodeWorld) {
    this.name = name;
    this.#options = options;
    this.#world = world;
  }

  now(): Now {
    const { monotonicMs, unixMs } = this.#world.now();
    return { monotonicMs, unixMs: unixMs + this.skewMs };
  }

  /** Reads the directory and begins to take part. */
  start(): void {
    const now = this.now();
    const prng = createPrng(this.#world.prng.nextUint32());
    const ports = { reader: plainReader, prng, isLoaded: () => true };
    const core = new DirectoryNode(this.#options, ports, now);
    this.core = core;
    const { store } = core;
    store.load.begin(false);
    const layout = new FileLayout(this.#options.sharded);
    for (const path of layout.inLoadOrder([...this.disk.files.keys()])) {
      const text = this.disk.files.get(path) as string;
      const file = fileKindOf(path);
      if (file.kind === "leftover") this.disk.run({ op: "remove", path });
      else if (file.kind === "awake") store.load.awake(text, now.unixMs);
      else if (file.kind === "proof") store.load.proof(file.id, text, now.unixMs);
      else if (file.kind === "order") store.load.order(file.key, text);
      else if (file.kind === "jwt") store.load.claim(file.key, path, text, now.unixMs);
    }
    core.loaded(now);
    this.collect();
  }

  /** The process is gone, whatever it was doing. */
  kill(powerFailed: boolean): void {
    this.core = undefined;
    this.#effects = [];
    this.#stepsDone = 0;
    this.disk.restart(powerFailed, this.#world.prng);
  }

  get isBusy(): boolean {
    return this.#effects.length > 0;
  }

  /** Takes what the core wants done; the order stays. */
  collect(): void {
    if (this.core !== undefined) this.#effects.push(...this.core.takeEffects());
  }

  /** Does the next piece: one file step, or one other effect. `fails`: the disk refuses. */
  advance(fails: boolean): void {
    const effect = this.#effects[0];
    const { core } = this;
    if (effect === undefined || core === undefined) return;
    if (effect.kind === "files") {
      const step = effect.steps[this.#stepsDone];
      if (step !== undefined && !fails) {
        this.disk.run(step);
        this.#stepsDone += 1;
        if (this.#stepsDone < effect.steps.length) return;
      }
      this.#effects.shift();
      this.#stepsDone = 0;
      if (step !== undefined && fails) this.#tidy(effect.steps);
      core.store.filesDone(effect.ticket, step !== undefined && fails ? "ENOSPC" : undefined);
    } else {
      this.#effects.shift();
      this.#carryOut(core, effect);
    }
    this.collect();
  }

  /** What a driver does when a step fails: files that got no name are worth nothing. */
  #tidy(steps: readonly FileStep[]): void {
    for (const step of steps) {
      if (step.op === "write") this.disk.run({ op: "remove", path: step.path });
    }
  }

  #carryOut(core: DirectoryNode, effect: ResolverEffect): void {
    const read = (path: string): string | undefined => this.disk.files.get(path);
    if (effect.kind === "reread") {
      const text = read(core.store.pathOf(effect.key));
      core.store.reread(effect.key, text, this.now().unixMs);
    } else if (effect.kind === "send") {
      this.#world.send(this.name, effect.to, effect.message);
    } else if (effect.kind === "send-records") {
      const records = effect.references.flatMap((reference) => {
        const path = core.store.pathOfReference(reference);
        const text = read(path);
        const record = text === undefined ? undefined : core.recordOf(reference, text);
        return record === undefined ? [] : [record];
      });
      for (const message of recordMessages(records)) {
        this.#world.send(this.name, effect.to, message);
      }
    } else if (effect.kind === "send-answer") {
      const text = read(core.store.pathOf(effect.key)) ?? "";
      this.#world.send(this.name, effect.to, { kind: "answer", ticket: effect.ticket, text });
    } else if (effect.kind === "reply") {
      this.#world.replied(this, effect.subject, effect.body);
    } else if (effect.kind === "log") {
      this.log.push(effect.text);
    }
  }
}
