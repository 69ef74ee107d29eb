// What a thread tells the one with the publisher of a traced message: which of its subscriptions got
// it. Travels as JSON in a frame between threads of one process. Worker; pure.
import type { EgressError } from "./trace-event.ts";

/** One subscription. Its texts are byte strings but for the name. */
export interface ReportedEgress {
  readonly clientId: number;
  readonly name: string;
  readonly filter: string;
  readonly queue?: string | undefined;
  readonly error?: EgressError | undefined;
  readonly ts: string;
}

export interface TraceReport {
  /** To how many it was delivered, or would have been. */
  readonly delivered: number;
  /** Threads that were asked for a member of a group that has left here; they report too. */
  readonly forwarded: number;
  readonly egress: readonly ReportedEgress[];
  /** Other entries of the event, each as JSON. */
  readonly entries: readonly string[];
}

/** What an entry takes beside the texts of its subscription. */
const ENTRY_CHARACTERS = 128;
const REPORT_CHARACTERS_MAX = 256 * 1024;
/** JSON writes a control character as six. */
const CONTROL_CHARACTERS = /[\0-\x1f]/;
const CONTROL_LENGTH = 6;
/** Texts of a report that cost as much to write or to read as a delivery. */
const TEXT_PER_WORK = 8;

/** The first subscriptions of a report, in bounded memory; the others got the message as well. */
export class ReportedList {
  readonly egress: ReportedEgress[] = [];
  #charactersLeft = REPORT_CHARACTERS_MAX;

  get isFull(): boolean {
    return this.#charactersLeft <= 0;
  }

  add(told: ReportedEgress): void {
    const { filter, name, queue } = told;
    const texts = writtenLength(filter) + writtenLength(name) + writtenLength(queue ?? "");
    this.#charactersLeft -= ENTRY_CHARACTERS + texts;
    this.egress.push(told);
  }
}

/** At most so long in JSON, but for quotes. */
function writtenLength(text: string): number {
  return CONTROL_CHARACTERS.test(text) ? CONTROL_LENGTH * text.length : text.length;
}

/** What texts of so many bytes cost who writes or reads them, against a delivery (A57). */
export function workOfText(bytes: number): number {
  return Math.ceil(bytes / TEXT_PER_WORK);
}

export function encodeReport(report: TraceReport): Buffer {
  return Buffer.from(JSON.stringify(report), "utf8");
}

export function decodeReport(bytes: Buffer): TraceReport {
  return JSON.parse(bytes.toString("utf8")) as TraceReport;
}
