// Lines to a syslog over UDP, one datagram each. Control thread. What must stay true: a line that
// cannot be sent is counted; UDP itself tells of losses only by chance.
import { createSocket, type Socket } from "node:dgram";
import { isIPv6 } from "node:net";
import type { LogLevel } from "@weft/base";
import { type LogOutput, type OutputEvents, WAITING_CHARACTERS_MAX } from "./log-output.ts";
import { atMost } from "./stderr-output.ts";
import { DATAGRAM_BYTES_MAX } from "./syslog-format.ts";

export interface DatagramSettings {
  readonly host: string;
  readonly port: number;
  readonly events: OutputEvents;
  encode(level: LogLevel, text: string): string;
}

export class DatagramOutput implements LogOutput {
  readonly #settings: DatagramSettings;
  readonly #socket: Socket;
  #waiting = 0;
  #lost = 0;
  #emptied: (() => void) | undefined;

  constructor(settings: DatagramSettings) {
    this.#settings = settings;
    this.#socket = createSocket(isIPv6(settings.host) ? "udp6" : "udp4");
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Rejects when the host's name is not known. */
  open(): Promise<this> {
    const { host, port } = this.#settings;
    return new Promise((resolve, reject) => {
      this.#socket.once("error", (error) => {
        this.#socket.close();
        reject(error);
      });
      // An unknown name comes here and not as an event.
      this.#socket.connect(port, host, (error?: Error) => {
        if (error !== undefined && error !== null) {
          this.#socket.close();
          reject(error);
          return;
        }
        this.#socket.removeAllListeners("error");
        // "Nobody listens" comes here, or to the next datagram, as the system likes.
        this.#socket.on("error", (error) => this.#failed(error, 0));
        this.#socket.unref();
        resolve(this);
      });
    });
  }

  write(level: LogLevel, text: string): void {
    const line = this.#settings.encode(level, text);
    if (this.#waiting + line.length > WAITING_CHARACTERS_MAX) {
      this.#failed(new Error("the output is too slow"), 1);
      return;
    }
    this.#waiting += line.length;
    let bytes = Buffer.from(line);
    if (bytes.length > DATAGRAM_BYTES_MAX) bytes = bytes.subarray(0, DATAGRAM_BYTES_MAX);
    this.#socket.send(bytes, (error) => this.#sent(line.length, error));
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
    if (this.#waiting > 0) await atMost(emptied, waitMs);
    this.#socket.close();
  }

  #sent(characters: number, error: Error | null): void {
    this.#waiting -= characters;
    if (error !== null) this.#failed(error, 1);
    else if (this.#lost > 0) {
      const lost = this.#lost;
      this.#lost = 0;
      this.#settings.events.onRegained(lost);
    }
    if (this.#waiting > 0) return;
    this.#settings.events.onDrained();
    this.#emptied?.();
  }

  #failed(error: Error, lines: number): void {
    const first = this.#lost === 0;
    this.#lost += lines;
    if (first) this.#settings.events.onLoss(error);
  }
}
