// Test support: what the threads of the exchange tests agree on.
import type { MailboxSeed } from "../mailbox-seed.ts";

/** Given to each thread as `workerData`. */
export interface ExchangeOrder {
  readonly seed: MailboxSeed;
  /** Data frames that each thread sends to each other one. */
  readonly framesCount: number;
  readonly frameBytesMax: number;
  /** Every so many data frames there is one of up to `largeBytesMax` bytes. 0: never. */
  readonly largeEvery: number;
  readonly largeBytesMax: number;
  /** Every so many data frames there is one on the control lane. */
  readonly controlEvery: number;
  /** Every so many received data frames are refused once. 0: never. */
  readonly refuseEvery: number;
}

/** What a thread tells when it has received and sent everything. */
export interface ExchangeReport {
  readonly index: number;
  readonly dataFrames: number;
  readonly controlFrames: number;
  readonly largeFrames: number;
  readonly refusals: number;
  readonly spaces: number;
  readonly errors: readonly string[];
}
