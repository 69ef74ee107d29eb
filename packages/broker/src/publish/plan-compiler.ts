// Makes plans: the miss path of every publish. All cleverness of routing lives here, so that the hit
// path only follows. Owned by the worker's core; reads the shared index and the account snapshot.
import type { AccountRouting } from "@weft/accounts";
import { LIMITS, makeView } from "@weft/base";
import {
  type Generations,
  type InterestIndex,
  type InterestReader,
  NodeList,
  SubjectTokens,
} from "@weft/subjects";
import type { Subscription, SubscriptionTable } from "../subscribe/subscription.ts";
import type { PublishContext } from "./context.ts";
import {
  CONTROL_LINE_FIXED_BYTES,
  DrawnMembers,
  isLargeAndOpen,
  isSpecial,
  writeControlLine,
} from "./drawn-members.ts";
import type { ParentNode } from "./passing-plans.ts";
import { HEAVY_TARGETS, Plan, RemoteTarget, Target } from "./plan.ts";
import { detach, point } from "./plan-memory.ts";
import { isReservedSubject, isServiceReply } from "./reserved-subjects.ts";
import { SegmentHints } from "./segment-hints.ts";

/** Reused memory for the prefixes of plans that are followed once and not kept. */
const SCRATCH_BYTES = 64 * 1024;

/** A look at the rights of a receiver is one more, and another one for so many bytes of the subject. */
const RIGHTS_BYTES_SHIFT = 4;

/** Subject of one account that a plan delivers to. */
interface Scope {
  readonly account: number;
  readonly subject: Buffer;
  readonly start: number;
  readonly end: number;
  readonly hash: number;
  /** The subject differs from the published one. */
  readonly renamed: boolean;
  readonly localOnly: boolean;
}

/** A subscription that is left out of a plan: its user may not receive this subject. */
export interface RefusedSubscription {
  readonly subscription: Subscription;
  /** In the subscription's account; a byte string. */
  readonly subject: string;
}

export interface CompilerDependencies {
  readonly index: InterestIndex;
  readonly generations: Generations;
  readonly threadIndex: number;
  readonly subscriptions: SubscriptionTable;
  readonly hashSeed: number;
}

/** FNV-1a 32 of `[start, end)` from `seed`, as the parser computes it. */
export function hashSubject(bytes: Uint8Array, start: number, end: number, seed: number): number {
  let hash = seed;
  for (let k = start; k < end; k += 1) hash = Math.imul(hash ^ (bytes[k] as number), 0x01000193);
  return hash;
}

/** The two common cases that the publisher does without a general pass. */
function setSoleStep(plan: Plan): void {
  if (plan.services !== undefined || plan.serviceReply || plan.mapping !== undefined) return;
  const { queues, remotes, targets } = plan;
  if (queues === undefined) {
    if (remotes?.length === 1) plan.soleRemote = remotes[0];
    return;
  }
  if (queues.length !== 1 || targets.length > 0) return;
  if (queues[0]?.drawn !== undefined) return;
  if (remotes?.some((remote) => remote.plain) !== true) plan.soleQueue = queues[0];
}

/** Memory of the plans that are not kept. */
interface Scratch {
  readonly bytes: Buffer;
  readonly view: DataView;
}

const NOTHING: Scratch = { bytes: Buffer.alloc(0), view: new DataView(new ArrayBuffer(0)) };

export class PlanCompiler {
  /** Replaced with each account snapshot. */
  routing: AccountRouting;
  readonly #dependencies: CompilerDependencies;
  readonly #tokens = new SubjectTokens();
  readonly #nodes = new NodeList();
  readonly #hints: SegmentHints;
  readonly #scratch: Scratch[] = [];
  /** Where subscriptions are written down that may not receive the subject; undefined = nowhere. */
  refused: RefusedSubscription[] | undefined;
  /** Of the last plan with room to spare: where its last token begins in all segments. */
  parents: ParentNode[] = [];
  /** ... and whether all subjects that begin like it are routed by interest alone. */
  byInterestAlone = false;
  /**
   * Nodes, subscriptions, groups and rights that the last plan looked at: all that making it took, also
   * where nobody of them gets the message.
   */
  looks = 0;
  #spareBytes = 0;
  #isKept = false;
  #bytes: Buffer = NOTHING.bytes;
  #view: DataView = NOTHING.view;
  #used = 0;

  constructor(routing: AccountRouting, dependencies: CompilerDependencies) {
    this.routing = routing;
    this.#dependencies = dependencies;
    this.#hints = new SegmentHints(dependencies.index);
  }

  /**
   * The plan for one subject. Plans made with `keep` false share memory per `depth` (nesting of
   * publishes) and are good until the next compilation at that depth. With `spareBytes` each target
   * has so much room behind it, and `parents` and `byInterestAlone` are set.
   */
  compile(
    context: PublishContext,
    input: Buffer,
    start: number,
    end: number,
    hash: number,
    keep: boolean,
    depth: number,
    spareBytes = 0,
  ): Plan {
    this.#spareBytes = spareBytes;
    this.#isKept = keep;
    if (spareBytes > 0) this.parents = [];
    this.byInterestAlone = false;
    this.looks = 0;
    const scratch = this.#scratchAt(depth);
    this.#bytes = scratch.bytes;
    this.#view = scratch.view;
    this.#used = 0;
    const plan = new Plan(this.#view);
    plan.contextId = context.id;
    plan.hash = hash;
    plan.subjectLength = end - start;
    plan.subjectStart = this.#reserve(end - start, plan);
    input.copy(this.#bytes, plan.subjectStart, start, end);
    this.#fill(plan, context, input, start, end, hash);
    // What was mapped is an answer no more, as the right that was asked for is that of another name.
    const isUnmapped = plan.renamed === undefined && plan.mapping === undefined;
    plan.serviceReply =
      isUnmapped && context.kind !== "inbound" && isServiceReply(input, start, end);
    plan.hasSteps =
      plan.remotes !== undefined ||
      plan.queues !== undefined ||
      plan.services !== undefined ||
      plan.mapping !== undefined ||
      plan.serviceReply ||
      plan.targets.length > HEAVY_TARGETS;
    plan.plain = !plan.targets.some((target) => target.special || target.withoutHeaders);
    plan.direct = plan.plain && !plan.hasSteps && !plan.denied;
    if (plan.targets.length <= HEAVY_TARGETS) setSoleStep(plan);
    if (keep) detach(plan, this.#bytes, this.#used);
    return plan;
  }

  #fill(
    plan: Plan,
    context: PublishContext,
    input: Buffer,
    start: number,
    end: number,
    hash: number,
  ): void {
    const account = context.account;
    if (context.kind === "inbound" || context.kind === "remote") {
      const localOnly = context.kind === "inbound";
      this.#match(plan, { account, subject: input, start, end, hash, renamed: false, localOnly });
      return;
    }
    const compiled = this.routing.account(account);
    const client = context.kind === "client" || context.kind === "client-mapped";
    const plain =
      !compiled.hasMappings &&
      !compiled.hasStreamImporters &&
      !compiled.mayBeService(input, start, end);
    let name = "";
    const permissions = client ? context.permissions : undefined;
    if (permissions !== undefined || !plain) name = input.toString("latin1", start, end);
    this.byInterestAlone = plain && permissions === undefined;
    const own = { account, subject: input, start, end, hash };
    let scope: Scope = { ...own, renamed: false, localOnly: false };
    const isMapped = context.kind === "mapped" || context.kind === "client-mapped";
    const mapping = compiled.hasMappings && !isMapped ? compiled.mapping(name) : undefined;
    if (mapping !== undefined) {
      if (mapping.fixed === undefined) {
        plan.mapping = mapping;
        return;
      }
      name = mapping.fixed;
      scope = this.#renamed(account, name);
      plan.renamed = scope.subject;
    }
    // Of the mapped subject, as in the reference: rights are for where a message goes (SU-39, AZ-04).
    if (client && isReservedSubject(scope.subject, scope.start, scope.end)) plan.denied = true;
    if (permissions !== undefined && !permissions.publishAllowed(name)) plan.denied = true;
    if (plan.denied) return;
    this.#match(plan, scope);
    if (compiled.hasStreamImporters) {
      for (const group of compiled.streamTargetGroups(name)) {
        for (const importer of group.importers) {
          this.#match(plan, this.#renamed(importer, group.subject));
        }
      }
    }
    if (!plain && compiled.hasServiceImports) {
      const services = compiled.serviceImports(name);
      if (services.length > 0) plan.services = services;
    }
  }

  #renamed(account: number, subject: string): Scope {
    const bytes = Buffer.from(subject, "latin1");
    const end = bytes.length;
    const hash = hashSubject(bytes, 0, end, this.#dependencies.hashSeed);
    return { account, subject: bytes, start: 0, end, hash, renamed: true, localOnly: false };
  }

  /** Adds everybody who is interested in `scope`. Generations are read before the match. */
  #match(plan: Plan, scope: Scope): void {
    const tokens = this.#tokens;
    if (!tokens.parse(scope.subject, scope.start, scope.end)) return;
    const { generations, threadIndex } = this.#dependencies;
    const { account } = scope;
    const slot = generations.slotFor(account, tokens.hashes[0] as number);
    const generation = generations.read(slot);
    const wildcardSlot = generations.wildcardSlot(account);
    const wildcardGeneration = generations.read(wildcardSlot);
    plan.generations.push(slot, generation, wildcardSlot, wildcardGeneration);
    const hints = this.#hints;
    hints.look(account, tokens, generation, wildcardGeneration);
    let { low, high } = hints;
    if (scope.localOnly) {
      low &= threadIndex < 32 ? 1 << threadIndex : 0;
      high &= threadIndex < 32 ? 0 : 1 << (threadIndex - 32);
    }
    for (; low !== 0; low &= low - 1) this.#matchSegment(plan, scope, 31 - Math.clz32(low & -low));
    for (; high !== 0; high &= high - 1) {
      this.#matchSegment(plan, scope, 63 - Math.clz32(high & -high));
    }
  }

  #matchSegment(plan: Plan, scope: Scope, thread: number): void {
    const { index, threadIndex } = this.#dependencies;
    const reader = index.reader(thread);
    if (reader === null) return;
    index.enter();
    const count = reader.match(scope.account, this.#tokens, this.#nodes);
    this.looks += reader.visited;
    if (this.#spareBytes > 0) {
      const { parents } = reader;
      for (let i = 0; i < parents.count; i += 1) this.parents.push({ thread, node: parents.at(i) });
    }
    if (thread === threadIndex) {
      index.exit();
      for (let i = 0; i < count; i += 1) this.#addLocal(plan, scope, this.#nodes.at(i));
    } else {
      if (count > 0) this.#addRemote(plan, scope, thread, reader, count);
      index.exit();
    }
  }

  #addLocal(plan: Plan, scope: Scope, node: number): void {
    const here = this.#dependencies.subscriptions.at(node);
    if (here === undefined) return;
    let name: string | undefined;
    const rightsLooks = 1 + ((scope.end - scope.start) >> RIGHTS_BYTES_SHIFT);
    // A long subject is written for each of them.
    this.looks += here.plain.length * (1 + (rightsLooks >> 3));
    const isRefused = (subscription: Subscription, queue: string | undefined): boolean => {
      this.looks += rightsLooks;
      name ??= scope.subject.toString("latin1", scope.start, scope.end);
      if (subscription.session.mayReceive(name, queue)) return false;
      plan.hasRefused = true;
      this.refused?.push({ subscription, subject: name });
      return true;
    };
    for (const subscription of here.plain) {
      if (subscription.isLeaving || this.#isServed(plan, scope, subscription)) continue;
      if (subscription.filtered && isRefused(subscription, undefined)) continue;
      plan.targets.push(this.#target(plan, scope, subscription));
    }
    if (here.queues === undefined) return;
    for (const queue of here.queues) {
      const step = plan.queueFor(queue.name);
      this.looks += 1 + queue.members.length;
      if (!this.#isKept && isLargeAndOpen(queue.members)) {
        step.drawn ??= new DrawnMembers();
        step.drawn.add(queue.members, scope);
        step.total += queue.members.length;
        continue;
      }
      for (const subscription of queue.members) {
        if (subscription.isLeaving) continue;
        if (subscription.filtered && isRefused(subscription, queue.name)) continue;
        step.local.push(this.#target(plan, scope, subscription));
        step.total += 1;
      }
    }
  }

  /**
   * True for another server that has a target already: it is sent one message for all of its filters, and
   * matches by itself. Clients get one for each.
   */
  #isServed(plan: Plan, scope: Scope, { session, account }: Subscription): boolean {
    if (!session.kind.isRemote) return false;
    return plan.targets.some(
      ({ subscription, subject }) =>
        subscription.session === session &&
        subscription.account === account &&
        subject === scope.subject.toString("latin1", scope.start, scope.end),
    );
  }

  /** The nodes found in another thread's segment. Runs inside the read section. */
  #addRemote(
    plan: Plan,
    scope: Scope,
    thread: number,
    reader: InterestReader,
    count: number,
  ): void {
    let plain = false;
    let groups: Map<string, number> | undefined;
    for (let i = 0; i < count; i += 1) {
      const node = this.#nodes.at(i);
      if (reader.plainCount(node) > 0) plain = true;
      for (let queue = reader.firstQueue(node); queue !== 0; queue = reader.nextQueue(queue)) {
        const weight = reader.queueWeight(queue);
        this.looks += 1;
        if (weight <= 0) continue;
        const name = reader.copyQueueName(queue).toString("latin1");
        groups ??= new Map();
        groups.set(name, (groups.get(name) ?? 0) + weight);
      }
    }
    if (!plain && groups === undefined) return;
    const subject = scope.renamed ? scope.subject : undefined;
    const node = count === 1 && groups === undefined ? this.#nodes.at(0) : 0;
    const remote = new RemoteTarget(thread, scope.account, subject, scope.hash, plain, node);
    plan.remotes ??= [];
    plan.remotes.push(remote);
    if (groups === undefined) return;
    for (const [name, weight] of groups) {
      const step = plan.queueFor(name);
      step.remotes.push(remote);
      step.weights.push(weight);
      step.total += weight;
    }
  }

  #target(plan: Plan, scope: Scope, subscription: Subscription): Target {
    const length = CONTROL_LINE_FIXED_BYTES + scope.end - scope.start + subscription.sid.length;
    const start = this.#reserve(length + this.#spareBytes, plan);
    writeControlLine(this.#bytes, start, subscription, scope);
    return new Target(subscription, this.#view, start, length, isSpecial(subscription));
  }

  /** Room in the compilation's memory; what is already there moves along when it grows. */
  #reserve(bytes: number, plan: Plan): number {
    const start = this.#used;
    if (start + bytes > this.#bytes.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(this.#bytes.length * 2, start + bytes));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
      this.#view = makeView(larger);
      point(plan, this.#view);
    }
    this.#used = start + bytes;
    return start;
  }

  #scratchAt(depth: number): Scratch {
    let scratch = this.#scratch[depth];
    if (scratch === undefined) {
      const size = Math.max(SCRATCH_BYTES, LIMITS.controlLineBytesMax * 4);
      const bytes = Buffer.allocUnsafeSlow(size);
      scratch = { bytes, view: makeView(bytes) };
      this.#scratch[depth] = scratch;
    }
    return scratch;
  }
}
