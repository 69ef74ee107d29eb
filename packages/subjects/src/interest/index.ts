// The interest index: which thread wants which filters, in shared memory.
export { Generations, generationsBytes } from "./generations.ts";
export type { InterestListener, InterestVisitor } from "./interest-feed.ts";
export { InterestIndex, type InterestIndexOptions } from "./interest-index.ts";
export { InterestReader } from "./interest-reader.ts";
export { InterestWriter } from "./interest-writer.ts";
export {
  formatInterestRegion,
  interestRegionBytes,
  type SegmentSizes,
  takeInterestSeed,
} from "./layout.ts";
export { NodeList } from "./node-list.ts";
export { Quiescence, quiescenceBytes } from "./quiescence.ts";
export { SharedWords, type WordMemory } from "./shared-words.ts";
