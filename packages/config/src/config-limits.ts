// Bounds of the configuration reader (attack 56: configuration bombs). Control thread. Must stay
// true: at each bound the file is refused with a position, never cut short.

/** Counts and characters. A file that needs more is refused. */
export const CONFIG_LIMITS = {
  /** Maps and lists inside each other, after variables were put in. */
  nestingMax: 100,
  /** Files inside each other through `include`. */
  includeDepthMax: 32,
  /** `include` statements carried out in one load. */
  includesMax: 1_000,
  /** Characters of all files and environment values together. */
  charactersMax: 64 * 1024 * 1024,
  /** Values after variables were put in: sharing keeps them small in memory, not when walked. */
  valuesMax: 4_000_000,
  /** Findings kept of one kind; further ones are only counted. */
  findingsMax: 100,
} as const;
