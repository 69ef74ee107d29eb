// Test support: what reading threads do in the tests with real threads. Loaded inside a worker;
// knows shared buffers and subjects, and never hears of any interest.
import { SubjectTokens } from "../tokens.ts";
import { InterestIndex } from "./interest-index.ts";
import { InterestReader } from "./interest-reader.ts";
import { Quiescence } from "./quiescence.ts";
import { SharedWords } from "./shared-words.ts";

export const THREADS = 3;
export const ACCOUNT = 5;
/** Word of the control buffer that ends the waiting, or the churn. */
export const STOP = 0;
/** Filters of the churn test, by number. */
export const STEADY_COUNT = 40;
export const CHURN_COUNT = 60;

export interface ReaderJob {
  readonly thread: number;
  readonly region: SharedArrayBuffer;
  readonly slots: SharedArrayBuffer;
  readonly control: SharedArrayBuffer;
  /** Subjects to be looked up once; undefined to check the churn until told to stop. */
  readonly subjects?: readonly string[] | undefined;
}

export interface ReaderResult {
  readonly lookups: number;
  /** For each subject asked: `plain` or a queue name with its weight. */
  readonly found: readonly (readonly string[])[];
  readonly wrong: readonly string[];
  /** Churned filters that were seen and that were not: both must happen. */
  readonly hits: number;
  readonly misses: number;
}

/** Queue name that belongs to churned filter `at`, long enough for several records. */
export function churnQueue(at: number): string {
  return `members-of-the-group-of-churned-filter-number-${at}-and-of-no-other`;
}

class Lookup {
  readonly #index: InterestIndex;
  readonly #tokens = new SubjectTokens();
  lookups = 0;

  constructor(job: ReaderJob) {
    this.#index = new InterestIndex({
      threadIndex: job.thread,
      segments: [new InterestReader(job.region)],
      quiescence: new Quiescence(new SharedWords(job.slots), THREADS),
      writer: null,
    });
  }

  found(subject: string): string[] {
    const bytes = Buffer.from(subject);
    this.#tokens.parse(bytes, 0, bytes.length);
    const found: string[] = [];
    this.#index.enter();
    this.#index.match(ACCOUNT, this.#tokens);
    const nodes = this.#index.nodes(0);
    const reader = this.#index.reader(0) as InterestReader;
    for (let at = 0; at < nodes.count; at += 1) {
      if (reader.plainCount(nodes.at(at)) > 0) found.push("plain");
      let queue = reader.firstQueue(nodes.at(at));
      for (; queue !== 0; queue = reader.nextQueue(queue)) {
        found.push(`${reader.copyQueueName(queue).toString()} ${reader.queueWeight(queue)}`);
      }
    }
    this.#index.exit();
    this.lookups += 1;
    return found.sort();
  }
}

/** Runs a job to its end; the worker posts what this returns. */
export function run(job: ReaderJob): ReaderResult {
  const control = new Int32Array(job.control);
  const lookup = new Lookup(job);
  if (job.subjects !== undefined) {
    // Opened before there is any interest; waits on shared memory until there is some.
    while (Atomics.load(control, STOP) === 0);
    const found = job.subjects.map((subject) => lookup.found(subject));
    return { lookups: lookup.lookups, found, wrong: [], hits: 0, misses: 0 };
  }
  return checkChurn(lookup, control);
}

function checkChurn(lookup: Lookup, control: Int32Array): ReaderResult {
  const wrong: string[] = [];
  let hits = 0;
  let misses = 0;
  const expect = (subject: string, found: readonly string[], expected: string): void => {
    if (found.join() !== expected && wrong.length < 5) wrong.push(`${subject}: ${found.join()}`);
  };
  for (let at = 0; Atomics.load(control, STOP) === 0; at += 1) {
    const steady = `steady.${at % STEADY_COUNT}`;
    expect(steady, lookup.found(steady), "plain");
    const group = `group.x.${at % STEADY_COUNT}`;
    expect(group, lookup.found(group), "q 2");
    const never = `churn.${at % CHURN_COUNT}.never`;
    expect(never, lookup.found(never), "");
    const churned = `churn.${at % CHURN_COUNT}.now`;
    const found = lookup.found(churned);
    if (found.length === 0) misses += 1;
    else hits += 1;
    if (found.length > 0) expect(churned, found, `${churnQueue(at % CHURN_COUNT)} 1`);
  }
  return { lookups: lookup.lookups, found: [], wrong, hits, misses };
}
