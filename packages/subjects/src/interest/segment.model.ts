// Test support: a segment with everything around it, and a dumb twin of the index to compare with.
import { matches } from "../match.ts";
import { SubjectTokens } from "../tokens.ts";
import { Generations, generationsBytes } from "./generations.ts";
import { InterestReader } from "./interest-reader.ts";
import { InterestWriter } from "./interest-writer.ts";
import { formatInterestRegion, interestRegionBytes, readSegmentLayout } from "./layout.ts";
import { NodeList } from "./node-list.ts";
import { Quiescence, quiescenceBytes } from "./quiescence.ts";
import { SharedWords } from "./shared-words.ts";

const ACCOUNTS = 16;

/** One segment over plain memory. `bytes` are latin1: each character is one byte. */
export class TestSegment {
  readonly region: ArrayBuffer;
  readonly quiescence: Quiescence;
  readonly generations: Generations;
  readonly writer: InterestWriter;
  readonly reader: InterestReader;
  readonly #tokens = new SubjectTokens();
  readonly #nodes = new NodeList();

  constructor(recordsMax: number, threadsCount = 2) {
    this.region = new ArrayBuffer(interestRegionBytes(recordsMax));
    formatInterestRegion(this.region, recordsMax);
    const slots = new SharedWords(new ArrayBuffer(quiescenceBytes(threadsCount)));
    this.quiescence = new Quiescence(slots, threadsCount);
    const versions = new SharedWords(new ArrayBuffer(generationsBytes(ACCOUNTS)));
    this.generations = new Generations(versions, ACCOUNTS);
    this.writer = new InterestWriter(this.region, 0, this.quiescence, this.generations);
    this.reader = new InterestReader(this.region);
  }

  add(account: number, filter: string, queue: string | null): number {
    // The filter stands inside a longer line, as it does in real input.
    const line = Buffer.from(`SUB ${filter} 1`, "latin1");
    const name = queue === null ? null : Buffer.from(queue, "latin1");
    return this.writer.add(account, line, 4, 4 + filter.length, name);
  }

  remove(node: number, queue: string | null): void {
    this.writer.remove(node, queue === null ? null : Buffer.from(queue, "latin1"));
  }

  parse(subject: string): SubjectTokens {
    const line = Buffer.from(`PUB ${subject} 0`, "latin1");
    this.#tokens.parse(line, 4, 4 + subject.length);
    return this.#tokens;
  }

  /** Everything found for a subject, as sorted lines `node plain` and `node queue weight`. */
  found(account: number, subject: string): string[] {
    const tokens = this.parse(subject);
    const count = this.reader.match(account, tokens, this.#nodes);
    const lines: string[] = [];
    for (let index = 0; index < count; index += 1) {
      const node = this.#nodes.at(index);
      const plain = this.reader.plainCount(node);
      if (plain > 0) lines.push(`${node} ${plain}`);
      let queue = this.reader.firstQueue(node);
      for (; queue !== 0; queue = this.reader.nextQueue(queue)) {
        const name = this.reader.copyQueueName(queue);
        if (!this.reader.queueNameEquals(queue, name)) lines.push("a name unlike itself");
        lines.push(`${node} ${name.toString("latin1")} ${this.reader.queueWeight(queue)}`);
      }
    }
    return lines.sort();
  }

  mayMatch(account: number, subject: string): boolean {
    return this.reader.mayMatch(account, this.parse(subject));
  }

  /** True if no counter, bucket or chain of the segment holds anything. */
  isBlank(): boolean {
    const words = new Int32Array(this.region);
    const layout = readSegmentLayout(new SharedWords(this.region));
    return words.subarray(layout.wildAt, layout.recordsAt).every((word) => word === 0);
  }
}

interface TwinEntry {
  readonly account: number;
  readonly filter: string;
  readonly queue: string | null;
  readonly node: number;
  count: number;
}

/** The same as a list of counts and the reference matcher. */
export class InterestTwin {
  readonly #entries = new Map<string, TwinEntry>();

  add(account: number, filter: string, queue: string | null, node: number): void {
    const key = JSON.stringify([account, filter, queue]);
    const entry = this.#entries.get(key) ?? { account, filter, queue, node, count: 0 };
    if (entry.node !== node) throw new Error(`node of ${key} changed while in use`);
    entry.count += 1;
    this.#entries.set(key, entry);
  }

  get entries(): TwinEntry[] {
    return [...this.#entries.values()];
  }

  remove(entry: TwinEntry): void {
    entry.count -= 1;
    const key = JSON.stringify([entry.account, entry.filter, entry.queue]);
    if (entry.count === 0) this.#entries.delete(key);
  }

  /** What `TestSegment.found` has to return. */
  found(account: number, subject: string): string[] {
    return this.entries
      .filter((entry) => entry.account === account && matches(entry.filter, subject))
      .map(({ node, queue, count }) =>
        queue === null ? `${node} ${count}` : `${node} ${queue} ${count}`,
      )
      .sort();
  }
}
