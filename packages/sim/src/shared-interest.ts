// The interest index of a simulated process: one segment per thread over plain memory. Test
// support.
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

/** Accounts that have generation slots of their own; more share them. */
const ACCOUNTS = 16;

export interface SharedInterest {
  readonly generations: Generations;
  /** By thread: its view, and its own segment's writer in it. */
  readonly indexes: readonly InterestIndex[];
}

export function createInterest(threadsCount: number, recordsMax: number): SharedInterest {
  const segments = Array.from({ length: threadsCount }, () => {
    const region = new ArrayBuffer(interestRegionBytes(recordsMax));
    formatInterestRegion(region, recordsMax);
    return region;
  });
  const quiescenceWords = new SharedWords(new ArrayBuffer(quiescenceBytes(threadsCount)));
  const generationWords = new SharedWords(new ArrayBuffer(generationsBytes(ACCOUNTS)));
  const quiescence = new Quiescence(quiescenceWords, threadsCount);
  const generations = new Generations(generationWords, ACCOUNTS);
  const indexes = segments.map((own, threadIndex) => {
    const writer = new InterestWriter(own, threadIndex, quiescence, generations);
    return new InterestIndex({
      threadIndex,
      segments: segments.map((segment) => new InterestReader(segment)),
      quiescence,
      writer,
    });
  });
  return { generations, indexes };
}
