// Members of a large queue group in a plan that serves one message: a target is made for whom the draw
// falls on, not for all the others. Owned by the worker's core. Must stay true: the subjects of its lots
// are the message's own bytes or such as nobody writes over, so a plan that has these is never kept.
import { makeView } from "@weft/base";
import type { Subscription } from "../subscribe/subscription.ts";
import { Target } from "./plan.ts";

/** Fewer members are targets at once: that costs no more than to know of them. */
const LARGE_GROUP_MEMBERS = 64;

/** `MSG `, and a blank behind the subject and behind the sid. */
const VERB = Buffer.from("MSG ", "latin1");
const SPACE = 0x20;
export const CONTROL_LINE_FIXED_BYTES = VERB.length + 2;

/** Where the subject of a control line stands. */
export interface LineSubject {
  readonly subject: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Members that get the message under one subject. */
interface Lot extends LineSubject {
  readonly members: readonly Subscription[];
}

export class DrawnMembers {
  count = 0;
  readonly #lots: Lot[] = [];
  /** By the place of the member: who was drawn twice is the same target. */
  readonly #made = new Map<number, Target>();

  /** All of `members`, as they are now: whoever leaves later cannot take the message. */
  add(members: readonly Subscription[], { subject, start, end }: LineSubject): void {
    this.#lots.push({ subject, start, end, members: members.slice() });
    this.count += members.length;
  }

  /** The target of member `place`, below `count`. */
  at(place: number): Target {
    const known = this.#made.get(place);
    if (known !== undefined) return known;
    let rest = place;
    for (const lot of this.#lots) {
      const subscription = lot.members[rest];
      if (subscription !== undefined) {
        const target = targetOf(subscription, lot);
        this.#made.set(place, target);
        return target;
      }
      rest -= lot.members.length;
    }
    throw new RangeError(`no member ${place} of ${this.count}`);
  }

  /** True if `target` was made here. */
  has(target: Target): boolean {
    for (const made of this.#made.values()) if (made === target) return true;
    return false;
  }
}

/** Very many, all of whom may get whatever their filter matches. */
export function isLargeAndOpen(members: readonly Subscription[]): boolean {
  if (members.length <= LARGE_GROUP_MEMBERS) return false;
  for (let i = 0; i < members.length; i += 1) {
    const member = members[i] as Subscription;
    if (member.filtered || member.isLeaving) return false;
  }
  return true;
}

function targetOf(subscription: Subscription, lot: Lot): Target {
  const bytes = CONTROL_LINE_FIXED_BYTES + lot.end - lot.start + subscription.sid.length;
  const line = Buffer.allocUnsafe(bytes);
  writeControlLine(line, 0, subscription, lot);
  return new Target(subscription, makeView(line), 0, bytes, isSpecial(subscription));
}

/** `MSG subject sid `, of `CONTROL_LINE_FIXED_BYTES` and both. */
export function writeControlLine(
  out: Buffer,
  start: number,
  { sid }: Subscription,
  { subject, start: from, end }: LineSubject,
): void {
  let at = start;
  for (let k = 0; k < VERB.length; k += 1, at += 1) out[at] = VERB[k] as number;
  for (let k = from; k < end; k += 1, at += 1) out[at] = subject[k] as number;
  out[at] = SPACE;
  at += 1;
  for (let k = 0; k < sid.length; k += 1, at += 1) out[at] = sid.charCodeAt(k);
  out[at] = SPACE;
}

/** Each of its messages needs a decision. */
export function isSpecial({ max, session }: Subscription): boolean {
  return max > 0 || session.specialTarget;
}
