// Lines into a stream that may break: a syslog over TCP or a unix socket, or a child process that
// passes them on. Control thread. What must stay true: lines leave in order; those that the stream
// did not take are offered to the next connection; memory is bounded, and what is lost is counted.
import type { Writable } from "node:stream";
import type { LogLevel } from "@weft/base";
import { type LogOutput, type OutputEvents, WAITING_CHARACTERS_MAX } from "./log-output.ts";
import { atMost } from "./stderr-output.ts";

/** Bytes handed to the stream and not yet taken by the system. */
const UNDER_WAY_BYTES = 256 * 1024;
const CONNECT_WAIT_MS = 5_000;
const RECONNECT_FIRST_MS = 100;
const RECONNECT_MOST_MS = 5_000;

export interface StreamSettings {
  readonly events: OutputEvents;
  /** A stream that takes lines. Rejects with what is wrong; ends with `close`. */
  connect(): Promise<Writable>;
  /** The bytes of one line. */
  encode(level: LogLevel, text: string): string;
}

export class StreamOutput implements LogOutput {
  readonly #settings: StreamSettings;
  #stream: Writable | undefined;
  /** Handed to the stream, oldest first. */
  #underWay: string[] = [];
  #queue: string[] = [];
  /** Of `#queue`, what comes next. */
  #next = 0;
  #waiting = 0;
  #lost = 0;
  #broken = false;
  #ending = false;
  #reconnectMs = RECONNECT_FIRST_MS;
  #timer: NodeJS.Timeout | undefined;
  #emptied: (() => void) | undefined;

  constructor(settings: StreamSettings) {
    this.#settings = settings;
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Connects for the first time; rejects with what is wrong. */
  async open(): Promise<this> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<never>((_resolve, reject) => {
      timer = setTimeout(() => reject(new Error("no answer in time")), CONNECT_WAIT_MS);
    });
    const connecting = this.#settings.connect();
    connecting.catch(() => undefined);
    try {
      this.#use(await Promise.race([connecting, late]));
    } catch (error) {
      void connecting.then((stream) => stream.destroy()).catch(() => undefined);
      throw error;
    } finally {
      clearTimeout(timer);
    }
    return this;
  }

  write(level: LogLevel, text: string): void {
    const line = this.#settings.encode(level, text);
    if (this.#waiting + line.length > WAITING_CHARACTERS_MAX) {
      this.#lost += 1;
      if (this.#lost === 1) this.#settings.events.onLoss(new Error("the output is too slow"));
      return;
    }
    this.#queue.push(line);
    this.#waiting += line.length;
    this.#pump();
  }

  writeNow(level: LogLevel, text: string): boolean {
    this.write(level, text);
    return false;
  }

  reopen(): boolean {
    return false;
  }

  async close(waitMs: number): Promise<void> {
    const emptied = new Promise<void>((resolve) => {
      this.#emptied = resolve;
    });
    this.#pump();
    await atMost(emptied, waitMs);
    this.#ending = true;
    clearTimeout(this.#timer);
    const stream = this.#stream;
    if (stream === undefined) return;
    await atMost(new Promise((resolve) => stream.once("close", resolve).end()), waitMs);
    stream.destroy();
  }

  #use(stream: Writable): void {
    this.#stream = stream;
    this.#reconnectMs = RECONNECT_FIRST_MS;
    let cause = new Error("the connection was closed");
    stream.on("error", (error) => {
      cause = error;
    });
    stream.once("close", () => this.#closed(cause));
    this.#pump();
  }

  #pump(): void {
    const stream = this.#stream;
    while (stream !== undefined && stream.writableLength < UNDER_WAY_BYTES) {
      const line = this.#queue[this.#next];
      if (line === undefined) break;
      this.#next += 1;
      this.#underWay.push(line);
      stream.write(line, (error) => this.#taken(stream, error));
    }
    if (this.#next * 2 > this.#queue.length) {
      this.#queue.splice(0, this.#next);
      this.#next = 0;
    }
    if (this.#waiting === 0) this.#emptied?.();
  }

  /** The system took the oldest line under way, or the stream is broken. */
  #taken(stream: Writable, error: Error | null | undefined): void {
    if (error !== null && error !== undefined) return;
    if (stream !== this.#stream) return;
    this.#waiting -= this.#underWay.shift()?.length ?? 0;
    if (this.#lost > 0 || this.#broken) {
      const lost = this.#lost;
      this.#lost = 0;
      this.#broken = false;
      this.#settings.events.onRegained(lost);
    }
    this.#pump();
    if (this.#waiting === 0) this.#settings.events.onDrained();
  }

  #closed(cause: Error): void {
    this.#stream = undefined;
    this.#queue = [...this.#underWay, ...this.#queue.slice(this.#next)];
    this.#next = 0;
    this.#underWay = [];
    if (this.#ending) return;
    if (!this.#broken) {
      this.#broken = true;
      this.#settings.events.onLoss(cause);
    }
    this.#reconnectLater();
  }

  #reconnectLater(): void {
    this.#timer = setTimeout(() => void this.#reconnect(), this.#reconnectMs);
    this.#timer.unref();
    this.#reconnectMs = Math.min(this.#reconnectMs * 2, RECONNECT_MOST_MS);
  }

  async #reconnect(): Promise<void> {
    try {
      const stream = await this.#settings.connect();
      if (this.#ending) stream.destroy();
      else this.#use(stream);
    } catch {
      if (!this.#ending) this.#reconnectLater();
    }
  }
}
