// Cases of matching: the shared interest index as a publish that misses the plan cache sees it, and
// the private filter map.
import {
  FilterMap,
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
  SubjectTokens,
} from "@weft/subjects";
import type { MicroCase } from "./micro-case.ts";

const ACCOUNT = 1;
const ACCOUNTS = 4;
const SEGMENT_NODES = 1 << 19;
const SUBJECTS = 4096;

function subjectOf(n: number): string {
  return `area${n % 64}.unit${n % 512}.part${n}`;
}

interface Index {
  readonly index: InterestIndex;
  readonly writer: InterestWriter;
}

/** An index of `threads` segments; thread 0 is the one that matches and that subscribes. */
function buildIndex(threads: number): Index {
  const slots = new SharedWords(new SharedArrayBuffer(quiescenceBytes(threads)));
  const quiescence = new Quiescence(slots, threads);
  const generationWords = new SharedWords(new SharedArrayBuffer(generationsBytes(ACCOUNTS)));
  const generations = new Generations(generationWords, ACCOUNTS);
  const segments: InterestReader[] = [];
  let first: InterestWriter | undefined;
  for (let thread = 0; thread < threads; thread++) {
    const region = new SharedArrayBuffer(interestRegionBytes(SEGMENT_NODES));
    formatInterestRegion(region, SEGMENT_NODES);
    segments.push(new InterestReader(region));
    first ??= new InterestWriter(region, thread, quiescence, generations);
  }
  if (first === undefined) throw new Error("an index has a thread");
  const index = new InterestIndex({ threadIndex: 0, segments, quiescence, writer: first });
  return { index, writer: first };
}

function add(writer: InterestWriter, filter: string): number {
  const bytes = Buffer.from(filter);
  const node = writer.add(ACCOUNT, bytes, 0, bytes.length, null);
  if (node === 0) throw new Error("the segment is full");
  return node;
}

function matchCase(what: string, threads: number, filters: readonly string[]): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const { index, writer } = buildIndex(threads);
    for (const filter of filters) add(writer, filter);
    const subjects = Array.from({ length: SUBJECTS }, (_, n) => Buffer.from(subjectOf(n)));
    const tokens = new SubjectTokens();
    return (count) => {
      let found = 0;
      index.enter();
      for (let n = 0; n < count; n++) {
        const subject = subjects[n % SUBJECTS];
        if (subject === undefined) continue;
        tokens.parse(subject, 0, subject.length);
        found += index.match(ACCOUNT, tokens);
      }
      index.exit();
      return found;
    };
  };
  return { name: `match: ${what}`, unit: "subject", prepare };
}

function churnCase(): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const { writer } = buildIndex(1);
    const filters = Array.from({ length: SUBJECTS }, (_, n) => Buffer.from(`_INBOX.a${n}.*`));
    return (count) => {
      let sum = 0;
      for (let n = 0; n < count; n++) {
        const filter = filters[n % SUBJECTS];
        if (filter === undefined) continue;
        const node = writer.add(ACCOUNT, filter, 0, filter.length, null);
        writer.remove(node, null);
        sum = (sum + node) | 0;
      }
      return sum;
    };
  };
  return { name: "interest: add and remove an inbox", unit: "pair", prepare };
}

function filterMapCase(): MicroCase {
  const prepare = (): ((count: number) => number) => {
    const map = new FilterMap<number>();
    for (let n = 0; n < 100_000; n++) map.add(subjectOf(n), n);
    map.add("area1.*.>", -1);
    const subjects = Array.from({ length: SUBJECTS }, (_, n) => subjectOf(n));
    return (count) => {
      let found = 0;
      for (let n = 0; n < count; n++) found += map.match(subjects[n % SUBJECTS] ?? "").length;
      return found;
    };
  };
  return { name: "match: filter map, 100,000 literals", unit: "subject", prepare };
}

const literals = (count: number): string[] => Array.from({ length: count }, (_, n) => subjectOf(n));

export const matchCases: readonly MicroCase[] = [
  matchCase("index, one literal", 1, [subjectOf(0)]),
  matchCase("index, 100,000 literals", 1, literals(100_000)),
  matchCase("index, two wildcards in 1,000", 1, [...literals(1000), "area1.>", "*.unit2.*"]),
  matchCase("index, 8 segments, one with interest", 8, literals(1000)),
  filterMapCase(),
  churnCase(),
];
