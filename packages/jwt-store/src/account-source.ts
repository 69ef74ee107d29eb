// The account lookup of a running server: binds the pure lookup to memory, a directory, a URL and a
// timer. Control thread. Must stay true: every promise is settled, also when the server stops.
import {
  AccountLookup,
  type ClaimReader,
  type LookupEffect,
  type LookupFailure,
  type LookupOptions,
  type Now,
  type SourceAnswer,
} from "@weft/resolver";
import type { DirectoryHost } from "./directory-host.ts";
import type { UrlFetcher } from "./url-fetcher.ts";

/** What a login is told. */
export type AccountAnswer =
  | { readonly ok: true; readonly text: string }
  | { readonly ok: false; readonly failure: LookupFailure; readonly error: string };

export interface AccountSourcePorts {
  readonly reader: ClaimReader;
  now(): Now;
  /** Of a `full`, `cache` or `file` resolver. */
  readonly directory?: DirectoryHost | undefined;
  /** Of a URL resolver. */
  readonly url?: UrlFetcher | undefined;
}

export class AccountSource {
  readonly #ports: AccountSourcePorts;
  readonly #lookup: AccountLookup;
  readonly #effects: LookupEffect[] = [];
  readonly #waiting = new Map<number, (answer: AccountAnswer) => void>();
  readonly #aborts = new Map<number, AbortController>();
  #timer: NodeJS.Timeout | undefined;
  #lastWaiter = 0;

  constructor(ports: AccountSourcePorts, options: LookupOptions) {
    this.#ports = ports;
    this.#lookup = new AccountLookup(options, ports.reader, this.#effects);
  }

  /** AC-80: an account of a memory resolver. */
  preload(key: string, text: string): void {
    this.#lookup.preload(key, text);
  }

  /** The JWT of an account; settles within the time limit. `signal`: nobody wants it any more. */
  find(key: string, signal?: AbortSignal): Promise<AccountAnswer> {
    const { promise, resolve } = Promise.withResolvers<AccountAnswer>();
    this.#lastWaiter += 1;
    const waiter = this.#lastWaiter;
    this.#waiting.set(waiter, resolve);
    const { monotonicMs, unixMs } = this.#ports.now();
    this.#lookup.lookup(key, waiter, monotonicMs, unixMs);
    this.#pump();
    signal?.addEventListener(
      "abort",
      () => {
        if (!this.#waiting.delete(waiter)) return;
        this.#lookup.cancel(waiter);
        this.#pump();
        resolve({ ok: false, failure: "stopped", error: "nobody waits any more" });
      },
      { once: true },
    );
    return promise;
  }

  /** The account has another JWT. */
  changed(key: string, text: string): void {
    const { monotonicMs, unixMs } = this.#ports.now();
    this.#lookup.changed(key, text, monotonicMs, unixMs);
    this.#pump();
  }

  deleted(key: string): void {
    this.#lookup.deleted(key);
  }

  stop(): void {
    this.#lookup.stop();
    this.#pump();
    clearTimeout(this.#timer);
    for (const abort of this.#aborts.values()) abort.abort();
  }

  #pump(): void {
    for (const effect of this.#effects.splice(0)) this.#carryOut(effect);
    clearTimeout(this.#timer);
    const dueMs = this.#lookup.nextDueMs();
    if (dueMs === Number.POSITIVE_INFINITY) return;
    const waitMs = Math.max(1, dueMs - this.#ports.now().monotonicMs);
    this.#timer = setTimeout(() => {
      const { monotonicMs, unixMs } = this.#ports.now();
      this.#lookup.tick(monotonicMs, unixMs);
      this.#pump();
    }, waitMs).unref();
  }

  #carryOut(effect: LookupEffect): void {
    if (effect.kind === "read") void this.#read(effect.flight, effect.key);
    else if (effect.kind === "fetch") void this.#fetch(effect.flight, effect.key);
    else if (effect.kind === "abandon") this.#aborts.get(effect.flight)?.abort();
    else if (effect.kind === "keep") this.#ports.directory?.keep(effect.text);
    else {
      const answer: AccountAnswer =
        effect.kind === "resolved"
          ? { ok: true, text: effect.text }
          : { ok: false, failure: effect.failure, error: effect.error };
      for (const waiter of effect.waiters) {
        this.#waiting.get(waiter)?.(answer);
        this.#waiting.delete(waiter);
      }
    }
  }

  async #read(flight: number, key: string): Promise<void> {
    let text: string | undefined;
    try {
      text = await this.#ports.directory?.read(key);
    } catch {
      // A file that cannot be read is no file; the directory has said so in the log.
      text = undefined;
    }
    const { monotonicMs, unixMs } = this.#ports.now();
    this.#lookup.readDone(flight, text, monotonicMs, unixMs);
    this.#pump();
  }

  async #fetch(flight: number, key: string): Promise<void> {
    const abort = new AbortController();
    this.#aborts.set(flight, abort);
    const answer = await this.#ask(key, abort.signal);
    this.#aborts.delete(flight);
    const { monotonicMs, unixMs } = this.#ports.now();
    this.#lookup.fetchDone(flight, answer, monotonicMs, unixMs);
    this.#pump();
  }

  async #ask(key: string, signal: AbortSignal): Promise<SourceAnswer> {
    const { url, directory } = this.#ports;
    if (url !== undefined) return url.fetch(key, signal);
    if (directory !== undefined) return directory.fetch(key);
    return { kind: "absent" };
  }
}
