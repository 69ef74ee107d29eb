// Test support: runs real code of several threads in every interleaving of its accesses to shared
// memory, and reports the first bad state with the steps that lead there.
//
// An actor is a deterministic function that runs a thread's code against private copies of the
// rings. Each atomic access, doorbell and wait is a step. To take a step the actor is run again
// from the start with the results of its earlier steps, up to the next one; what a step led to is
// remembered per (history, result), so that each is run once. Histories that came to a checkpoint
// with the same private state, and saw the same since, are one. Plain writes of a ring's writer
// become visible with the step before them; a reader sees the frames between tail and head as they
// are when it loads the head, and a frame once more when its handler touches it. `touch` in the
// writer, between reserving and filling, makes a head that is published too early visible.
import { assert, type Prng } from "@weft/base";
import { HEAD_WORD, TAIL_WORD } from "../ring.ts";
import {
  ActorPort,
  type Mark,
  type Request,
  type Result,
  type RingSpec,
  resultKey,
  SUSPENDED,
} from "./actor-port.ts";

export interface ActorSpec {
  readonly name: string;
  /** Events that are there from the start; taken in any order with those of other actors. */
  readonly events: readonly string[];
  run(actor: ActorPort): void;
}

export interface Scenario {
  readonly rings: readonly RingSpec[];
  readonly actors: readonly ActorSpec[];
  /** Called where nothing is under way: all wait, and no event but scripted ones is left. */
  checkRest(state: RestState): string | null;
  /** Events that a script brings and not another actor. */
  isScripted(event: string): boolean;
  readonly statesMax: number;
}

export interface RestState {
  readonly finished: boolean;
  /** What each actor has reported, in order. */
  readonly reports: ReadonlyMap<string, readonly string[]>;
  /** True when the ring has frames that are published and not released. */
  occupied(ring: string): boolean;
  /** True when the actor came to its end. */
  isDone(actor: string): boolean;
}

export interface Exploration {
  readonly states: number;
  readonly violation: string | null;
  readonly steps: readonly string[];
}

/** Of one actor: what it has seen so far, and what it wants next. */
interface History {
  readonly id: number;
  readonly parent: History | null;
  readonly result: Result | null;
  readonly request: Request;
  readonly reports: readonly string[];
  readonly mark: Mark;
  /** Contents of the rings that this actor writes, by ring. */
  readonly written: readonly (Buffer | null)[];
  readonly next: Map<string, History>;
}

interface State {
  readonly histories: readonly History[];
  /** Header words of each ring, in the order of SHARED_WORDS. */
  readonly words: readonly (readonly number[])[];
  /** Events in flight, by actor, sorted. */
  readonly events: readonly (readonly string[])[];
  /** Texts of the two above: most steps leave them as they are. */
  readonly wordsKey: string;
  readonly eventsKey: string;
  readonly from: State | null;
  /** Who took the step that led here, and what came of it. */
  readonly actor: number;
  readonly result: Result | null;
}

/** Words of the header that are used; the model keeps these and no others. */
const SHARED_WORDS = [0, 1, 32, 33, 34];

/** Explores a scenario. `use` is called with the actor whose code runs now. */
export class Explorer {
  readonly #scenario: Scenario;
  readonly #use: (port: ActorPort) => void;
  readonly #histories: Map<string, History>[];
  #historiesCount = 0;

  constructor(scenario: Scenario, use: (port: ActorPort) => void) {
    this.#scenario = scenario;
    this.#use = use;
    this.#histories = scenario.actors.map(() => new Map());
  }

  explore(): Exploration {
    const first = this.#firstState();
    const seen = new Set([this.#key(first)]);
    const open = [first];
    let states = 0;
    for (let state = open.pop(); state !== undefined; state = open.pop()) {
      states++;
      assert(states <= this.#scenario.statesMax, "the scenario is small enough");
      const violation = this.#check(state);
      if (violation !== null) return { states, violation, steps: this.#stepsTo(state) };
      for (const next of this.#successors(state)) {
        const key = this.#key(next);
        if (seen.has(key)) continue;
        seen.add(key);
        open.push(next);
      }
    }
    return { states, violation: null, steps: [] };
  }

  /** Random interleavings, for scenarios that are too large to explore. */
  sample(walksCount: number, prng: Prng): Exploration {
    let states = 0;
    for (let walk = 0; walk < walksCount; walk++) {
      for (let state: State | undefined = this.#firstState(); state !== undefined; ) {
        states++;
        const violation = this.#check(state);
        if (violation !== null) return { states, violation, steps: this.#stepsTo(state) };
        const open: State[] = this.#successors(state);
        state = open[prng.below(open.length)];
      }
    }
    return { states, violation: null, steps: [] };
  }

  #firstState(): State {
    const { actors, rings } = this.#scenario;
    const words = rings.map(({ position }) => [position ?? 0, 0, position ?? 0, 0, 0]);
    const events = actors.map((actor) => [...actor.events].sort());
    return {
      histories: actors.map((_, actor) => this.#history(actor, null, null)),
      words,
      events,
      wordsKey: words.join("/"),
      eventsKey: events.join("/"),
      from: null,
      actor: 0,
      result: null,
    };
  }

  #history(actor: number, parent: History | null, result: Result | null): History {
    const results: Result[] = result === null ? [] : [result];
    for (let at = parent; at !== null && at.result !== null; at = at.parent)
      results.push(at.result);
    const spec = this.#scenario.actors[actor]!;
    const port = new ActorPort(this.#scenario.rings, spec.name, results.reverse(), parent?.mark);
    this.#use(port);
    let request: Request;
    try {
      spec.run(port);
      request = { kind: "done" };
    } catch (reason) {
      if (reason === SUSPENDED) request = port.request;
      else request = { kind: "failed", reason: String(reason) };
    }
    port.request = request;
    const key = port.key();
    const known = this.#histories[actor]!.get(key);
    if (known !== undefined) return known;
    const history = {
      id: this.#historiesCount++,
      parent,
      result,
      request,
      reports: port.reports,
      mark: port.mark,
      written: port.written(),
      next: new Map(),
    };
    this.#histories[actor]!.set(key, history);
    return history;
  }

  #successors(state: State): State[] {
    const found: State[] = [];
    for (const [actor, history] of state.histories.entries()) {
      const { request } = history;
      if (request.kind === "done" || request.kind === "failed") continue;
      if (request.kind === "wait") {
        for (const event of new Set(state.events[actor]!)) {
          const events = [...state.events];
          events[actor] = events[actor]!.toSpliced(events[actor]!.indexOf(event), 1);
          const changed = { ...state, events, eventsKey: events.join("/") };
          found.push(this.#advance(changed, actor, { value: 0, event, seen: [] }, state));
        }
        continue;
      }
      found.push(this.#perform(state, actor, request));
    }
    return found;
  }

  #perform(state: State, actor: number, request: Request): State {
    if (request.kind === "signal") {
      const to = this.#scenario.actors.findIndex(({ name }) => name === request.to);
      const events = state.events.with(to, [...state.events[to]!, request.event].sort());
      const changed = { ...state, events, eventsKey: events.join("/") };
      return this.#advance(changed, actor, { value: 0, event: request.event, seen: [] }, state);
    }
    assert("ring" in request, "a step on a ring");
    if (request.kind === "touch") {
      const seen = this.#seen(state, actor, request.ring, request.start, request.end);
      return this.#advance(state, actor, { value: 0, event: "", seen }, state);
    }
    const at = SHARED_WORDS.indexOf(request.word);
    assert(at >= 0, "a word of the header");
    const value = state.words[request.ring]![at]!;
    const stores =
      request.kind === "store" || (request.kind === "exchange" && value === request.expected);
    let changed = state;
    if (stores && value !== request.value) {
      const words = state.words.with(
        request.ring,
        state.words[request.ring]!.with(at, request.value),
      );
      changed = { ...state, words, wordsKey: words.join("/") };
    }
    const seesFrames = request.kind === "load" && request.word === HEAD_WORD;
    const seen = seesFrames ? this.#seenFrames(state, actor, request.ring, value) : [];
    return this.#advance(changed, actor, { value, event: "", seen }, state);
  }

  #advance(changed: State, actor: number, result: Result, from: State): State {
    const history = from.histories[actor]!;
    const key = resultKey(result);
    let next = history.next.get(key);
    if (next === undefined) {
      next = this.#history(actor, history, result);
      history.next.set(key, next);
    }
    return { ...changed, histories: from.histories.with(actor, next), from, actor, result };
  }

  #contents(state: State, ring: number): Buffer {
    const writer = this.#scenario.rings[ring]!.writer;
    const actor = this.#scenario.actors.findIndex(({ name }) => name === writer);
    return state.histories[actor]!.written[ring]!;
  }

  #seen(state: State, actor: number, ring: number, start: number, end: number): Result["seen"] {
    if (this.#scenario.rings[ring]!.reader !== this.#scenario.actors[actor]!.name) return [];
    return [{ start, bytes: this.#contents(state, ring).subarray(start, end) }];
  }

  #seenFrames(state: State, actor: number, ring: number, head: number): Result["seen"] {
    const { capacityBytes } = this.#scenario.rings[ring]!;
    const tail = state.words[ring]![SHARED_WORDS.indexOf(TAIL_WORD)]!;
    const unitsMax = capacityBytes / 8;
    const units = Math.min(Math.max(0, (head - tail) | 0), unitsMax);
    const first = tail & (unitsMax - 1);
    const end = Math.min(first + units, unitsMax);
    return [
      ...this.#seen(state, actor, ring, first * 8, end * 8),
      ...this.#seen(state, actor, ring, 0, (first + units - end) * 8),
    ];
  }

  #check(state: State): string | null {
    const { actors, rings } = this.#scenario;
    for (const [actor, { request }] of state.histories.entries()) {
      if (request.kind === "failed") return `${actors[actor]!.name}: ${request.reason}`;
    }
    for (const [ring, { name, capacityBytes }] of rings.entries()) {
      const [head, , tail] = state.words[ring]!;
      const units = (head! - tail!) | 0;
      if (units < 0 || units > capacityBytes / 8) return `${name}: ${units} units are in use`;
    }
    const isBusy = state.histories.some(({ request }, actor) => {
      if (request.kind === "done") return false;
      if (request.kind !== "wait") return true;
      return state.events[actor]!.some((event) => !this.#scenario.isScripted(event));
    });
    if (isBusy) return null;
    return this.#scenario.checkRest({
      finished: state.histories.every(
        ({ request }, actor) => request.kind === "done" || state.events[actor]!.length === 0,
      ),
      reports: new Map(actors.map(({ name }, at) => [name, state.histories[at]!.reports])),
      occupied: (name) => {
        const words = state.words[rings.findIndex((ring) => ring.name === name)]!;
        return words[0] !== words[2];
      },
      isDone: (name) => {
        const at = actors.findIndex((actor) => actor.name === name);
        return state.histories[at]!.request.kind === "done";
      },
    });
  }

  #key(state: State): string {
    let key = `${state.wordsKey}|${state.eventsKey}`;
    for (const { id } of state.histories) key += `|${id}`;
    return key;
  }

  #stepsTo(state: State): string[] {
    const steps: string[] = [];
    for (let at = state; at.from !== null; at = at.from) {
      const { name } = this.#scenario.actors[at.actor]!;
      const { request } = at.from.histories[at.actor]!;
      const ring = "ring" in request ? this.#scenario.rings[request.ring]!.name : "";
      const { value, event } = at.result!;
      steps.push(`${name}: ${JSON.stringify({ ...request, ring })} -> ${value} ${event}`);
    }
    return steps.reverse();
  }
}
