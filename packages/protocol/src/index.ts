export type * from "./client-ops.ts";
