// The index between real threads, on shared memory. Readers run in workers that get the buffers and
// nothing else: whatever they find, they found there.
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import { createPrng } from "@weft/base";
import { expect, test } from "vitest";
import { Generations, generationsBytes } from "./generations.ts";
import { InterestWriter } from "./interest-writer.ts";
import { formatSegment, segmentLayout } from "./layout.ts";
import { Quiescence, quiescenceBytes } from "./quiescence.ts";
import { SharedWords } from "./shared-words.ts";
import {
  ACCOUNT,
  CHURN_COUNT,
  churnQueue,
  type ReaderJob,
  type ReaderResult,
  STEADY_COUNT,
  STOP,
  THREADS,
} from "./threads.model.ts";

const DEEP = process.env["WEFT_DEEP"] === "1";
const CHURN_MS = DEEP ? 20_000 : 1_000;

/** Loads a module of this folder from source, with the packages it needs, and runs its job. */
const BOOTSTRAP = `
  const { registerHooks } = require("node:module");
  const { parentPort, workerData } = require("node:worker_threads");
  registerHooks({
    resolve: (name, context, next) =>
      name.startsWith("@weft/")
        ? next(new URL(name.slice(6) + "/src/index.ts", workerData.packages).href, context)
        : next(name, context),
  });
  import(workerData.module).then(({ run }) => {
    parentPort.postMessage("ready");
    parentPort.postMessage(run(workerData.job));
  });
`;

interface RunningReader {
  readonly result: Promise<ReaderResult>;
}

class SharedSegment {
  readonly writer: InterestWriter;
  readonly #buffers: Pick<ReaderJob, "region" | "slots" | "control">;
  readonly #control: Int32Array;

  constructor() {
    // Few buckets and few records: long chains, and reuse all the time.
    const sizes = { recordsMax: 2_000, bucketsCount: 8, sketchCount: 64, accountsCount: 8 };
    const region = new SharedArrayBuffer(segmentLayout(sizes).wordsCount * 4);
    formatSegment(new SharedWords(region), sizes);
    const slots = new SharedArrayBuffer(quiescenceBytes(THREADS));
    const quiescence = new Quiescence(new SharedWords(slots), THREADS);
    const versions = new SharedWords(new SharedArrayBuffer(generationsBytes(8)));
    this.writer = new InterestWriter(region, 0, quiescence, new Generations(versions, 8), 8);
    const control = new SharedArrayBuffer(8);
    this.#control = new Int32Array(control);
    this.#buffers = { region, slots, control };
  }

  /** Starts a reader; returns once its code is about to run. */
  async start(thread: number, subjects?: readonly string[]): Promise<RunningReader> {
    const job: ReaderJob = { thread, ...this.#buffers, subjects };
    const module = new URL("./threads.model.ts", import.meta.url).href;
    const packages = new URL("../../../", import.meta.url).href;
    const worker = new Worker(BOOTSTRAP, { eval: true, workerData: { module, packages, job } });
    await once(worker, "message");
    return { result: once(worker, "message").then(([message]) => message as ReaderResult) };
  }

  stop(): void {
    Atomics.store(this.#control, STOP, 1);
  }

  add(filter: string, queue: string | null): number {
    const bytes = Buffer.from(filter);
    const name = queue === null ? null : Buffer.from(queue);
    return this.writer.add(ACCOUNT, bytes, 0, bytes.length, name);
  }
}

test("a thread that never received an interest message matches what another inserted", async () => {
  const segment = new SharedSegment();
  const subjects = ["orders.eu.new", "orders.eu", "orders.us.new", "x", "gone.1"];
  const { result } = await segment.start(1, subjects);
  segment.add("orders.*.new", null);
  segment.add("orders.eu.>", "q");
  segment.add("orders.eu.>", "q");
  segment.writer.remove(segment.add("gone.*", null), null);
  segment.stop();
  const { found } = await result;
  expect(found).toEqual([["plain", "q 2"], [], ["plain"], [], []]);
});

test("two readers beside a writer that churns see what stands, and never what is not", async () => {
  const segment = new SharedSegment();
  for (let at = 0; at < STEADY_COUNT; at += 1) {
    segment.add(`steady.${at}`, null);
    segment.add(`group.*.${at}`, "q");
    segment.add(`group.*.${at}`, "q");
  }
  const used = segment.writer.recordsUsed;
  const readers = [await segment.start(1), await segment.start(2)];
  const random = createPrng(3);
  const nodes = new Int32Array(CHURN_COUNT);
  let changes = 0;
  for (const end = Date.now() + CHURN_MS; Date.now() < end; ) {
    for (let turn = 0; turn < 200; turn += 1) {
      const at = random.below(CHURN_COUNT);
      const queue = churnQueue(at);
      const node = nodes[at] as number;
      if (node !== 0) segment.writer.remove(node, Buffer.from(queue));
      // A reader that is off its core inside a section can hold up reuse: then there is no room.
      nodes[at] = node === 0 ? segment.add(`churn.${at}.now`, queue) : 0;
      changes += 1;
    }
  }
  segment.stop();
  for (const { result } of readers) {
    const { wrong, lookups, hits, misses } = await result;
    expect(wrong).toEqual([]);
    expect(lookups).toBeGreaterThan(100);
    expect(hits).toBeGreaterThan(0);
    expect(misses).toBeGreaterThan(0);
  }
  expect(changes).toBeGreaterThan(200);
  nodes.forEach((node, at) => {
    if (node !== 0) segment.writer.remove(node, Buffer.from(churnQueue(at)));
  });
  segment.writer.reclaim();
  expect(segment.writer.recordsUsed).toBe(used);
  expect(segment.writer.recordsPending).toBe(0);
}, 60_000);
