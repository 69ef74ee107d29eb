// The registry of micro-benchmarks: a new case is a file here and an entry in this list.
import type { MicroCase } from "./micro-case.ts";

export type { MicroCase } from "./micro-case.ts";

export const microCases: readonly MicroCase[] = [];
