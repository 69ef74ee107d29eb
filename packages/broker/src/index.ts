export { BrokerCore } from "./core.ts";
export type * from "./ports.ts";
