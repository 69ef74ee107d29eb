export * from "./assert.ts";
export * from "./entropy.ts";
export * from "./limits.ts";
export * from "./log.ts";
export * from "./position.ts";
export * from "./prng.ts";
export * from "./time.ts";
export * from "./transport.ts";
