// The registry of micro-benchmarks: a new case is a file here and an entry in this list.
import { deliveryStepCases } from "./delivery-steps.ts";
import { matchCases } from "./match.ts";
import type { MicroCase } from "./micro-case.ts";
import { parserCases } from "./parser.ts";
import { ringCases } from "./ring.ts";
import { stepCases } from "./steps.ts";

export type { MicroCase } from "./micro-case.ts";

export const microCases: readonly MicroCase[] = [
  ...parserCases,
  ...matchCases,
  ...ringCases,
  ...stepCases,
  ...deliveryStepCases,
];
