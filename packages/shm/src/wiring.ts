// What a mailbox needs from its thread: doorbells, a later turn, and a way to hand slabs over. The
// product binds it to message ports (port-wiring.ts); tests and simulation bind it to queues.
import type { RingRegion } from "./ring.ts";

/** The lane of urgent, never lost frames, and the lane of the many. */
export const CONTROL_LANE = 0;
export const DATA_LANE = 1;
export type LaneKind = typeof CONTROL_LANE | typeof DATA_LANE;

/** Shared memory of the two lanes from one thread to another. */
export interface LanePair {
  readonly controlRing: RingRegion;
  readonly dataRing: RingRegion;
}

/** The rings of one thread. Lists are indexed by thread; a thread has none to itself. */
export interface MailboxLanes {
  readonly index: number;
  readonly outgoing: readonly (LanePair | null)[];
  readonly incoming: readonly (LanePair | null)[];
}

/** None of these call back before they return. */
export interface MailboxWiring {
  /** Leads to `Mailbox.onFramesBell` in thread `to`. */
  ringFrames(to: number): void;
  /** Leads to `Mailbox.onSpaceBell` in thread `to`. */
  ringSpace(to: number): void;
  /** Leads to `Mailbox.onTurn` in this thread, after others had their turn. */
  defer(): void;
  createSlab(regionBytes: number): RingRegion;
  /** What was posted is there for `takeSlab` of thread `to` when this returns. */
  postSlab(to: number, lane: LaneKind, region: RingRegion): void;
  /** The oldest slab from `from` on this lane that was not taken yet; null when there is none. */
  takeSlab(from: number, lane: LaneKind): RingRegion | null;
  ref(): void;
  unref(): void;
  close(): void;
}
