// The finished connections that are remembered (CP-110). Control thread; for those that were refused,
// also the acceptor, on their way to control. Must stay true: neither their number nor what clients
// said in CONNECT decides alone how much memory they take.
import type { FinishedConnection } from "@weft/broker";

/** Memory of a record beside its texts. */
const RECORD_BYTES = 512;
/** What a record may take on the average, and all of them in any case. */
const AVERAGE_BYTES_MAX = 1_536;
const BYTES_MIN = 1024 * 1024;

export class ClosedConnections {
  readonly #max: number;
  readonly #bytesMax: number;
  readonly #ring: (FinishedConnection | undefined)[] = [];
  #next = 0;
  #count = 0;
  #bytes = 0;

  /** Keeps the last `max`; fewer where they have long texts. */
  constructor(max: number) {
    this.#max = Math.max(0, max);
    this.#bytesMax = Math.max(BYTES_MIN, this.#max * AVERAGE_BYTES_MAX);
  }

  add(records: readonly FinishedConnection[]): void {
    if (this.#max === 0) return;
    for (const record of records) {
      if (this.#count === this.#max) this.#giveUpOldest();
      this.#ring[this.#next] = record;
      this.#next = (this.#next + 1) % this.#max;
      this.#count += 1;
      this.#bytes += bytesOf(record);
      while (this.#bytes > this.#bytesMax) this.#giveUpOldest();
    }
  }

  /** Oldest first. */
  list(): FinishedConnection[] {
    return Array.from({ length: this.#count }, (_, at) => this.#at(at));
  }

  /** The same, and forgets them. */
  take(): FinishedConnection[] {
    const list = this.list();
    while (this.#count > 0) this.#giveUpOldest();
    return list;
  }

  #giveUpOldest(): void {
    this.#bytes -= bytesOf(this.#at(0));
    this.#ring[this.#placeOf(0)] = undefined;
    this.#count -= 1;
  }

  #at(age: number): FinishedConnection {
    return this.#ring[this.#placeOf(age)] as FinishedConnection;
  }

  /** 0 = the oldest. */
  #placeOf(age: number): number {
    return (this.#next - this.#count + age + this.#max) % this.#max;
  }
}

function bytesOf({ facts, subscriptionList = "" }: FinishedConnection): number {
  return RECORD_BYTES + facts.length + subscriptionList.length;
}
