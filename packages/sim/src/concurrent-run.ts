// Random operations of several clients at once, in rounds that end at rest. What holds then is in
// history.ts. Test support.
import { createPrng, type Prng } from "@weft/base";
import type { SimClient } from "./client.ts";
import { type ActorFacts, History, type SubscriptionFacts } from "./history.ts";
import { randomFilter, randomSubject } from "./subjects-pool.ts";
import { World } from "./world.ts";

const QUEUES = ["q", "p"];
const ACTORS = 7;

interface Actor extends ActorFacts {
  readonly sim: SimClient;
  readonly thread: number;
  readonly live: SubscriptionFacts[];
  /** What to do at the next PONGs, in order. */
  readonly onPongs: (() => void)[];
}

export interface ConcurrentOptions {
  readonly seed: number;
  readonly workers: number;
  readonly rounds: number;
  readonly operations: number;
  readonly laneBytes: number;
}

export class ConcurrentRun {
  readonly world: World;
  readonly history = new History();
  readonly #options: ConcurrentOptions;
  readonly #prng: Prng;
  #actors: Actor[] = [];
  #round = 0;
  #nextActor = 1;
  #nextSid = 1;
  #nextMessage = 1;

  constructor(options: ConcurrentOptions) {
    this.#options = options;
    this.#prng = createPrng(options.seed);
    this.world = new World({
      seed: options.seed,
      workers: options.workers,
      laneBytes: options.laneBytes,
      chunkBytesMax: 200,
    });
  }

  run(): void {
    for (this.#round = 1; this.#round <= this.#options.rounds; this.#round += 1) {
      while (this.#actors.length < ACTORS) this.#connect();
      this.world.settle();
      for (let left = this.#options.operations; left > 0; left -= 1) {
        this.#operate();
        this.world.run(this.#prng.below(12));
      }
      this.world.settle();
      this.world.assertQuiet();
      this.#checkConnections();
      this.history.check(this.#round);
    }
    if (this.world.faults.length > 0) throw this.world.faults[0];
  }

  #connect(): void {
    const prng = this.#prng;
    const echo = prng.below(4) > 0;
    const thread = 1 + prng.below(this.#options.workers);
    const sim = this.world.connect(thread, { echo });
    const id = this.#nextActor;
    this.#nextActor += 1;
    const still = { goneAt: 0, goneRound: 0 };
    const actor: Actor = { id, echo, ...still, sim, thread, live: [], onPongs: [] };
    sim.onDelivery = (delivery) => this.history.received(actor, delivery);
    sim.onPong = () => actor.onPongs.shift()?.();
    // Where 503s arrive.
    sim.subscribe(`inbox${actor.id}`, "reply.>");
    this.#actors.push(actor);
  }

  #operate(): void {
    const prng = this.#prng;
    const actor = this.#actors[prng.below(this.#actors.length)];
    if (actor === undefined) return;
    const roll = prng.below(100);
    if (roll < 22) this.#subscribe(actor);
    else if (roll < 40) this.#unsubscribe(actor);
    else if (roll < 42) this.#leave(actor);
    else {
      for (let count = 1 + prng.below(5); count > 0; count -= 1) this.#publish(actor);
    }
  }

  #confirm(actor: Actor, then: () => void): void {
    actor.onPongs.push(then);
    actor.sim.ping();
  }

  #subscribe(actor: Actor): void {
    const prng = this.#prng;
    const queue = prng.below(2) === 0 ? QUEUES[prng.below(QUEUES.length)] : undefined;
    const facts: SubscriptionFacts = {
      actor,
      sid: `${this.#nextSid}`,
      filter: randomFilter(prng),
      queue,
      sentAt: this.world.scheduler.steps,
      round: this.#round,
      confirmedAt: 0,
      endSentAt: 0,
      endConfirmedAt: 0,
      max: 0,
      got: [],
    };
    this.#nextSid += 1;
    this.history.addSubscription(facts);
    actor.live.push(facts);
    actor.sim.subscribe(facts.sid, facts.filter, queue);
    this.#confirm(actor, () => {
      facts.confirmedAt = this.world.scheduler.steps;
    });
  }

  #unsubscribe(actor: Actor): void {
    const prng = this.#prng;
    const facts = actor.live.splice(prng.below(Math.max(1, actor.live.length)), 1)[0];
    if (facts === undefined) return;
    facts.endSentAt = this.world.scheduler.steps;
    if (prng.below(3) === 0) facts.max = facts.got.length + 1 + prng.below(3);
    actor.sim.unsubscribe(facts.sid, facts.max);
    this.#confirm(actor, () => {
      facts.endConfirmedAt = this.world.scheduler.steps;
    });
  }

  #publish(actor: Actor): void {
    const prng = this.#prng;
    const id = this.#nextMessage;
    this.#nextMessage += 1;
    const subject = randomSubject(prng);
    const reply = prng.below(4) === 0 ? `reply.${id}` : undefined;
    this.history.addMessage({
      id,
      actor,
      subject,
      reply,
      sentAt: this.world.scheduler.steps,
      round: this.#round,
      noResponders: 0,
    });
    actor.sim.publish(subject, `${id}${"x".repeat(prng.below(60))}`, reply);
  }

  #leave(actor: Actor): void {
    actor.goneAt = this.world.scheduler.steps;
    actor.goneRound = this.#round;
    for (const facts of actor.live) facts.endSentAt = actor.goneAt;
    this.#actors = this.#actors.filter((other) => other !== actor);
    if (this.#prng.below(2) === 0) actor.sim.close();
    else actor.sim.transport.reset();
  }

  #checkConnections(): void {
    for (const { id, sim, onPongs } of this.#actors) {
      if (sim.closedBy !== undefined || sim.errors.length > 0) {
        throw new Error(`client ${id} was closed: ${sim.closedBy} ${sim.errors}`);
      }
      if (onPongs.length > 0) throw new Error(`client ${id} waits for ${onPongs.length} PONGs`);
    }
  }
}
