// Who an account is, asked by logins: memory first, then the directory, then a URL or the mesh
// (AC-80 to AC-83). Control thread; pure. Must stay true: at most one question per account is under
// way; every waiter is told exactly once; all tables are bounded, and a flood of accounts that
// nobody knows takes room from other unknown ones only.
import { isPublicKey } from "@weft/auth";
import { AnswerCache, type BadAnswer } from "./answer-cache.ts";
import { type ClaimReader, isGoodFor } from "./claim-reader.ts";
import { RESOLVER_LIMITS } from "./resolver-limits.ts";

/** Why there is no JWT. "unavailable" = the source did not answer well; "busy" = too many wait. */
export type LookupFailure =
  | "invalid-key"
  | "not-found"
  | "refused"
  | "unavailable"
  | "timeout"
  | "busy"
  | "stopped";

/** What a source said. */
export type SourceAnswer =
  | { readonly kind: "found"; readonly text: string }
  | { readonly kind: "absent"; readonly error?: string | undefined }
  | { readonly kind: "unavailable"; readonly error: string }
  | { readonly kind: "timeout" }
  | { readonly kind: "stopped" };

export type LookupEffect =
  /** Read the directory, then `readDone`. */
  | { readonly kind: "read"; readonly flight: number; readonly key: string }
  /** Ask the URL or the mesh, then `fetchDone`; give up at `deadlineMs` (monotonic). */
  | {
      readonly kind: "fetch";
      readonly flight: number;
      readonly key: string;
      readonly deadlineMs: number;
    }
  /** Nobody waits for this answer any more. */
  | { readonly kind: "abandon"; readonly flight: number }
  | {
      readonly kind: "resolved";
      readonly waiters: readonly number[];
      readonly key: string;
      readonly text: string;
    }
  | {
      readonly kind: "failed";
      readonly waiters: readonly number[];
      readonly key: string;
      readonly failure: LookupFailure;
      /** For the log; the client reads "Authorization Violation". */
      readonly error: string;
    }
  /** A source outside had it: the directory may keep it. */
  | { readonly kind: "keep"; readonly key: string; readonly text: string };

export interface LookupOptions {
  readonly hasDirectory: boolean;
  readonly remote: "none" | "url" | "mesh";
  readonly timeoutMs: number;
}

interface Flight {
  readonly id: number;
  readonly key: string;
  readonly isKnown: boolean;
  readonly waiters: Set<number>;
  /** Where it is; "queued" = waits until fewer questions are under way. */
  stage: "reading" | "queued" | "fetching";
  deadlineMs: number;
}

interface Load {
  waiting: number;
  flights: number;
}

export class AccountLookup {
  readonly #options: LookupOptions;
  readonly #reader: ClaimReader;
  readonly #out: LookupEffect[];
  readonly #answers = new AnswerCache();
  readonly #memory = new Map<string, string>();
  readonly #flights = new Map<number, Flight>();
  readonly #byKey = new Map<string, Flight>();
  readonly #queues: readonly [known: Flight[], unknown: Flight[]] = [[], []];
  #fetching = 0;
  #unknownFetching = 0;
  /** Who waits and questions under way, apart for known and unknown accounts. */
  readonly #known: Load = { waiting: 0, flights: 0 };
  readonly #unknown: Load = { waiting: 0, flights: 0 };
  #lastFlight = 0;
  #isStopped = false;

  constructor(options: LookupOptions, reader: ClaimReader, out: LookupEffect[]) {
    this.#options = options;
    this.#reader = reader;
    this.#out = out;
  }

  /** Questions under way, whatever their stage. */
  get flightCount(): number {
    return this.#flights.size;
  }

  /** AC-80: an account that is always here. */
  preload(key: string, text: string): void {
    this.#memory.set(key, text);
  }

  /**
   * Asks for an account on behalf of `waiter`, a number that the caller has not used before.
   * `nowMs` is monotonic, `unixMs` the wall clock.
   */
  lookup(key: string, waiter: number, nowMs: number, unixMs: number): void {
    const waiters = [waiter];
    const text = this.#memory.get(key) ?? this.#answers.fresh(key, nowMs, unixMs);
    const bad = text === undefined ? this.#answers.failure(key, nowMs) : undefined;
    const flying = this.#byKey.get(key);
    const refusal = this.#refusalOf(key, flying);
    if (text !== undefined && !this.#isStopped) {
      this.#out.push({ kind: "resolved", waiters, key, text });
    } else if (refusal !== undefined) {
      this.#fail(waiters, key, refusal.failure, refusal.error);
    } else if (bad !== undefined) {
      this.#failOrStale(waiters, key, bad, nowMs, unixMs);
    } else if (flying !== undefined) {
      flying.waiters.add(waiter);
      this.#loadOf(flying.isKnown).waiting += 1;
    } else {
      this.#take(key, waiter, nowMs, unixMs);
    }
  }

  /** The waiter does not want to know any more: its connection is gone. */
  cancel(waiter: number): void {
    for (const flight of this.#flights.values()) {
      if (!flight.waiters.delete(waiter)) continue;
      this.#loadOf(flight.isKnown).waiting -= 1;
      if (flight.waiters.size > 0) return;
      if (flight.stage === "fetching") this.#out.push({ kind: "abandon", flight: flight.id });
      this.#land(flight);
      return;
    }
  }

  /** The directory's answer; undefined = it has no such file. */
  readDone(id: number, text: string | undefined, nowMs: number, unixMs: number): void {
    const flight = this.#flights.get(id);
    if (flight === undefined || flight.stage !== "reading") return;
    if (text !== undefined && this.#isGood(flight.key, text, unixMs)) {
      this.#resolve(flight, text);
    } else if (this.#options.remote === "none") {
      const failure = text === undefined ? "not-found" : "refused";
      this.#settle(flight, failure, text === undefined ? NOT_FOUND : REFUSED, nowMs, unixMs);
    } else {
      this.#enqueue(flight);
      this.#launch(nowMs);
    }
  }

  /** The answer of a URL or the mesh. */
  fetchDone(id: number, answer: SourceAnswer, nowMs: number, unixMs: number): void {
    const flight = this.#flights.get(id);
    if (flight === undefined || flight.stage !== "fetching") return;
    if (answer.kind === "found") this.#onFound(flight, answer.text, nowMs, unixMs);
    else if (answer.kind === "absent") {
      this.#settle(flight, "not-found", answer.error ?? NOT_FOUND, nowMs, unixMs);
    } else if (answer.kind === "timeout") {
      this.#settle(flight, "timeout", TIMED_OUT, nowMs, unixMs);
    } else if (answer.kind === "unavailable") {
      this.#settle(flight, "unavailable", answer.error, nowMs, unixMs);
    } else {
      this.#settle(flight, "stopped", STOPPED, nowMs, unixMs);
    }
    this.#launch(nowMs);
  }

  /** Another JWT of the account is known: whoever waits gets it, and old answers are void. */
  changed(key: string, text: string, nowMs: number, unixMs: number): void {
    this.#answers.forget(key);
    if (this.#memory.has(key)) this.#memory.set(key, text);
    const flight = this.#byKey.get(key);
    if (flight === undefined || !this.#isGood(key, text, unixMs)) return;
    if (flight.stage === "fetching") this.#out.push({ kind: "abandon", flight: flight.id });
    this.#resolve(flight, text);
    this.#launch(nowMs);
  }

  /** The account is gone: what was known of it is void. */
  deleted(key: string): void {
    this.#answers.forget(key);
    this.#memory.delete(key);
  }

  /** When `tick` has something to do, monotonic. */
  nextDueMs(): number {
    let dueMs = Number.POSITIVE_INFINITY;
    for (const flight of this.#flights.values()) dueMs = Math.min(dueMs, flight.deadlineMs);
    return dueMs;
  }

  tick(nowMs: number, unixMs: number): void {
    for (const flight of [...this.#flights.values()]) {
      if (flight.deadlineMs > nowMs) continue;
      if (flight.stage === "fetching") this.#out.push({ kind: "abandon", flight: flight.id });
      this.#settle(flight, "timeout", TIMED_OUT, nowMs, unixMs);
    }
    this.#launch(nowMs);
  }

  /** Ends all questions and refuses further ones. */
  stop(): void {
    this.#isStopped = true;
    for (const flight of [...this.#flights.values()]) {
      this.#land(flight);
      this.#fail([...flight.waiters], flight.key, "stopped", STOPPED);
    }
  }

  // ---- inside

  /** Why nobody can ask for the account now. */
  #refusalOf(key: string, flying: Flight | undefined): BadAnswer | undefined {
    if (this.#isStopped) return { failure: "stopped", error: STOPPED };
    if (!isPublicKey(key, "account")) {
      return { failure: "invalid-key", error: "will only fetch valid account keys" };
    }
    const load = this.#loadOf(flying?.isKnown ?? this.#answers.isKnown(key));
    if (load.waiting >= RESOLVER_LIMITS.waitersMax) {
      return { failure: "busy", error: "too many logins wait for accounts" };
    }
    const flightsMax = RESOLVER_LIMITS.flightsMax + RESOLVER_LIMITS.flightsQueuedMax;
    if (flying !== undefined || load.flights < flightsMax) return undefined;
    return { failure: "busy", error: "too many accounts are being looked for" };
  }

  #loadOf(isKnown: boolean): Load {
    return isKnown ? this.#known : this.#unknown;
  }

  #take(key: string, waiter: number, nowMs: number, unixMs: number): void {
    const { hasDirectory, remote, timeoutMs } = this.#options;
    this.#lastFlight += 1;
    const flight: Flight = {
      id: this.#lastFlight,
      key,
      isKnown: this.#answers.isKnown(key),
      waiters: new Set([waiter]),
      stage: "queued",
      deadlineMs: nowMs + timeoutMs,
    };
    const load = this.#loadOf(flight.isKnown);
    load.waiting += 1;
    load.flights += 1;
    this.#flights.set(flight.id, flight);
    this.#byKey.set(key, flight);
    if (hasDirectory) {
      flight.stage = "reading";
      this.#out.push({ kind: "read", flight: flight.id, key });
    } else if (remote === "none") {
      this.#settle(flight, "not-found", "account missing", nowMs, unixMs);
    } else {
      this.#enqueue(flight);
      this.#launch(nowMs);
    }
  }

  #enqueue(flight: Flight): void {
    flight.stage = "queued";
    this.#queues[flight.isKnown ? 0 : 1].push(flight);
  }

  /** Starts questions as long as there is room; known accounts first. */
  #launch(nowMs: number): void {
    const [known, unknown] = this.#queues;
    const { flightsMax, unknownFlightsMax } = RESOLVER_LIMITS;
    while (known.length > 0 && this.#fetching < flightsMax) {
      this.#fetch(known.shift() as Flight, nowMs);
    }
    while (
      unknown.length > 0 &&
      this.#fetching < flightsMax &&
      this.#unknownFetching < unknownFlightsMax
    ) {
      this.#fetch(unknown.shift() as Flight, nowMs);
    }
  }

  #fetch(flight: Flight, nowMs: number): void {
    if (!this.#flights.has(flight.id)) return;
    flight.stage = "fetching";
    flight.deadlineMs = nowMs + this.#options.timeoutMs;
    this.#fetching += 1;
    if (!flight.isKnown) this.#unknownFetching += 1;
    const { id, key, deadlineMs } = flight;
    this.#out.push({ kind: "fetch", flight: id, key, deadlineMs });
  }

  #onFound(flight: Flight, text: string, nowMs: number, unixMs: number): void {
    const facts = this.#reader.verifyAccountJwt(text, unixMs);
    if (!isGoodFor(flight.key, facts)) {
      this.#settle(flight, "refused", REFUSED, nowMs, unixMs);
      return;
    }
    const { key } = flight;
    const kept = facts.text;
    if (this.#options.hasDirectory) this.#out.push({ kind: "keep", key, text: kept });
    this.#answers.found(
      key,
      this.#options.remote === "url" ? kept : undefined,
      facts.expires,
      nowMs,
    );
    this.#resolve(flight, kept);
  }

  #isGood(key: string, text: string, unixMs: number): boolean {
    return isGoodFor(key, this.#reader.verifyAccountJwt(text, unixMs));
  }

  #resolve(flight: Flight, text: string): void {
    this.#land(flight);
    const waiters = [...flight.waiters];
    this.#out.push({ kind: "resolved", waiters, key: flight.key, text });
  }

  #settle(
    flight: Flight,
    failure: LookupFailure,
    error: string,
    nowMs: number,
    unixMs: number,
  ): void {
    this.#land(flight);
    this.#answers.failed(flight.key, { failure, error }, nowMs);
    this.#failOrStale([...flight.waiters], flight.key, { failure, error }, nowMs, unixMs);
  }

  /** A source that is down does not lock out whom it vouched for a while ago. */
  #failOrStale(
    waiters: readonly number[],
    key: string,
    bad: BadAnswer,
    nowMs: number,
    unixMs: number,
  ): void {
    const isDown = bad.failure === "unavailable" || bad.failure === "timeout";
    const text = isDown ? this.#answers.stale(key, nowMs, unixMs) : undefined;
    if (text === undefined) this.#fail(waiters, key, bad.failure, bad.error);
    else this.#out.push({ kind: "resolved", waiters, key, text });
  }

  #land(flight: Flight): void {
    if (!this.#flights.delete(flight.id)) return;
    this.#byKey.delete(flight.key);
    const load = this.#loadOf(flight.isKnown);
    load.waiting -= flight.waiters.size;
    load.flights -= 1;
    if (flight.stage === "queued") {
      const queue = this.#queues[flight.isKnown ? 0 : 1];
      const place = queue.indexOf(flight);
      if (place >= 0) queue.splice(place, 1);
    }
    if (flight.stage !== "fetching") return;
    this.#fetching -= 1;
    if (!flight.isKnown) this.#unknownFetching -= 1;
  }

  #fail(waiters: readonly number[], key: string, failure: LookupFailure, error: string): void {
    this.#out.push({ kind: "failed", waiters, key, failure, error });
  }
}

const NOT_FOUND = "account jwt not found";
const REFUSED = "account validation failed";
const TIMED_OUT = "fetching jwt timed out";
const STOPPED = "fetching jwt failed due to shutdown";
