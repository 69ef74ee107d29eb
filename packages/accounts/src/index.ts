export type * from "./snapshot.ts";
export type * from "./spec.ts";
