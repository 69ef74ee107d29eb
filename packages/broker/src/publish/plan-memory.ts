// Where the bytes of a plan stand: its subject and the control lines of its targets. Owned by the
// worker's core. Must stay true: what the limit of the cache counts is what a kept plan keeps alive.
import { makeView } from "@weft/base";
import type { Plan } from "./plan.ts";

/** What a kept plan costs beside its bytes: the object, its arrays and cache slot. */
const PLAN_BYTES = 320;
const TARGET_BYTES = 96;

/** The plan's memory has moved. */
export function point(plan: Plan, view: DataView): void {
  plan.view = view;
  for (const target of plan.targets) target.view = view;
  for (const step of plan.queues ?? []) for (const target of step.local) target.view = view;
}

/**
 * Gives a plan that is kept memory of its own, of exactly its size, in place of `bytes[0, used)`.
 * Names and subjects move there too: as pieces of Node's pool they would keep all of it, 64 KiB,
 * which no limit counts.
 */
export function detach(plan: Plan, bytes: Buffer, used: number): void {
  const { queues = [], remotes = [] } = plan;
  let total = used;
  let targets = plan.targets.length;
  for (const { name, local, remotes: others } of queues) {
    total += name.length;
    targets += local.length + others.length;
  }
  for (const { subject } of remotes) total += subject?.length ?? 0;
  const own = Buffer.allocUnsafeSlow(total);
  let at = bytes.copy(own, 0, 0, used);
  point(plan, makeView(own));
  const keep = (piece: Buffer): Buffer => {
    const start = at;
    at += piece.copy(own, start);
    return own.subarray(start, at);
  };
  for (const step of queues) step.name = keep(step.name);
  for (const remote of remotes) if (remote.subject) remote.subject = keep(remote.subject);
  plan.bytesCharged = PLAN_BYTES + total + targets * TARGET_BYTES;
}
