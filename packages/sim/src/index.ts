// The entry of the package: simulated worlds for the tests of cores, and the parts of one for
// measuring a core alone.
export { type ConnectFields, SimClient } from "./client.ts";
export type { Delivery } from "./client-stream.ts";
export { VirtualClock } from "./clock.ts";
export { FakeRoutePeer, pictureOf } from "./fake-route-peer.ts";
export { FakeStreamThread, type StreamRequest } from "./fake-stream-thread.ts";
export type { ThreadHandler } from "./lanes.ts";
export { Scheduler } from "./scheduler.ts";
export { budget, forEachSeed } from "./seeds.ts";
export { createInterest, type SharedInterest } from "./shared-interest.ts";
export { createCounters, createSnapshot, type SnapshotOptions } from "./snapshot.ts";
export { SimTransport, type TransportPeer, type TransportThread } from "./transport.ts";
export { HASH_SEED, World, type WorldOptions } from "./world.ts";
