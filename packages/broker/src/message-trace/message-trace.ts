// One traced message on its way through this server: what has happened to it so far, in order, with
// places for what other threads will tell. Owned by the worker that has the publisher. Must stay true:
// what it holds is bounded, whatever the texts of subscriptions; what has no room is left out.

import { exporterFilter, type StreamTargetGroup } from "@weft/accounts";
import type { Millis } from "@weft/base";
import type { Packing } from "@weft/control";
import {
  EGRESS_ERRORS,
  egressEntry,
  type Ingress,
  streamExportEntry,
  textOf,
} from "./trace-event.ts";
import type { ReportedEgress, TraceReport } from "./trace-report.ts";

/** Of all entries as JSON: some three thousand usual ones. */
const ENTRIES_CHARACTERS_MAX = 512 * 1024;

/** How subscriptions are reached: where they are, and through which import. */
export interface TracedWay {
  /** Name of their account. */
  readonly account: string;
  /** Undefined = the account where the message is. */
  readonly stream: StreamTargetGroup | undefined;
}

/** Entries that another thread adds. */
export interface AwaitedPart {
  readonly trace: MessageTrace;
  readonly way: TracedWay | undefined;
  readonly entries: string[];
  /** Reports that are still to come. */
  left: number;
  /** The publisher is told if nobody was there. */
  readonly counts: boolean;
}

export class MessageTrace {
  readonly ingress: Ingress;
  /** The message is not to be delivered. */
  readonly only: boolean;
  /** As of `requestText`. */
  readonly request: string;
  readonly packing: Packing;
  /** Account of the publisher, which the event goes to. */
  readonly account: number;
  /** Undefined = nobody can be told. */
  readonly destination: Buffer | undefined;
  readonly startedMs: Millis;
  /** Reports that are still to come. */
  left = 0;
  /** What it counts for among those that wait for reports; their owner's. */
  weight = 0;
  /** Everything here is done. */
  isFollowed = false;
  /** An entry had no room: no more of them are taken. */
  isFull = false;
  /** What a weighted mapping made of the subject already; null = the message is lost (SU-34). */
  drawn: string | null | undefined;
  /** Deliveries as far as they are known. */
  delivered = 0;
  /** Called with the size of the event, before it was packed. */
  whenTold: ((bytes: number) => void) | undefined;
  /** Called when all is known. */
  whenDone: (() => void) | undefined;
  readonly #parts: (string | readonly string[])[] = [];
  #entriesCharacters = 0;

  constructor(
    ingress: Ingress,
    options: Pick<
      MessageTrace,
      "only" | "request" | "packing" | "account" | "destination" | "startedMs"
    >,
  ) {
    this.ingress = ingress;
    this.only = options.only;
    this.request = options.request;
    this.packing = options.packing;
    this.account = options.account;
    this.destination = options.destination;
    this.startedMs = options.startedMs;
  }

  /** All entries so far, in order, each as JSON. */
  get entries(): string[] {
    return this.#parts.flat();
  }

  /** Of all texts that it holds. */
  get characters(): number {
    return this.request.length + (this.destination?.length ?? 0) + this.#entriesCharacters;
  }

  add(entry: object): void {
    this.#keep(JSON.stringify(entry), this.#parts);
  }

  /** One subscription; what the reference does not show is left out. */
  addEgress(egress: ReportedEgress, way: TracedWay): void {
    for (const entry of this.#entriesOf(egress, way)) this.add(entry);
  }

  /** A place for what another thread tells. */
  expect(way: TracedWay | undefined, counts: boolean, frames = 1): AwaitedPart {
    const part: AwaitedPart = { trace: this, way, entries: [], left: frames, counts };
    this.#parts.push(part.entries);
    this.left += frames;
    return part;
  }

  /** Takes one report. */
  report(part: AwaitedPart, { delivered, forwarded, egress, entries }: TraceReport): void {
    part.left += forwarded - 1;
    this.left += forwarded - 1;
    if (part.counts) this.delivered += delivered;
    for (const entry of entries) this.#keep(entry, part.entries);
    if (part.way === undefined) return;
    for (const one of egress) {
      if (this.isFull) return;
      for (const entry of this.#entriesOf(one, part.way)) {
        this.#keep(JSON.stringify(entry), part.entries);
      }
    }
  }

  /** The reports of this part do not come any more: who was there is not known, and may have it. */
  giveUp(part: AwaitedPart): void {
    if (part.counts) this.delivered += part.left;
    this.left -= part.left;
    part.left = 0;
  }

  #keep(entry: string, into: (string | readonly string[])[]): void {
    if (this.isFull) return;
    if (this.#entriesCharacters + entry.length > ENTRIES_CHARACTERS_MAX) {
      this.isFull = true;
      return;
    }
    this.#entriesCharacters += entry.length;
    into.push(entry);
  }

  #entriesOf(egress: ReportedEgress, { account, stream }: TracedWay): object[] {
    const { clientId, name, filter, queue, error, ts } = egress;
    const entries: object[] = [];
    if (stream !== undefined) entries.push(streamExportEntry(account, textOf(stream.subject), ts));
    // AC-74: what another account does with it is shown if its import says so.
    if (stream?.allowTrace === false) return entries;
    const shown = stream === undefined ? filter : exporterFilter(filter, stream.from, stream.to);
    const entry = {
      clientId,
      name,
      account: account === this.ingress.account ? undefined : account,
      filter: textOf(shown),
      queue: queue === undefined ? undefined : textOf(queue),
      error: error && EGRESS_ERRORS[error],
    };
    entries.push(egressEntry(entry, ts));
    return entries;
  }
}

/** Collects entries for the thread of a publisher that nothing is known of here. */
export function strangersTrace(only: boolean, startedMs: Millis): MessageTrace {
  const ingress = { clientId: 0, name: "", account: "", subject: "", error: undefined };
  const nowhere = { account: 0, destination: undefined, packing: "none" } as const;
  return new MessageTrace(ingress, { only, request: "", startedMs, ...nowhere });
}
