// The headers with which a publisher asks for a message to be traced (AC-70, AC-73). Worker, for
// messages with headers only. What must stay true: any bytes are accepted, in linear time; which
// headers count, and in which spelling, is as in the reference.
import { trimBlanks } from "./trim-blanks.ts";

const STATUS_LINE = "NATS/1.0\r\n";
const LF = 10;
const LETTER_N = 0x4e;
const UPPER_T = 0x54;
const LOWER_E = 0x65;
const LOWER_R = 0x72;
const LOWER_T = 0x74;
/** `Nats-Tr`, the shortest beginning that is looked at. */
const BEGINNING_BYTES = 7;

const DESTINATION = "Nats-Trace-Dest";
const ONLY = "Nats-Trace-Only";
const ENCODING = "Accept-Encoding";
const TRACE_PARENT = /^traceparent$/i;
/** So long are the names that ask for something ... */
const KNOWN_LENGTHS: ReadonlySet<number> = new Set(
  [DESTINATION, ONLY, ENCODING, "traceparent"].map(({ length }) => length),
);
/** ... all others are only shown: so many lines, and so many characters of them. */
const SHOWN_MAX = 1_024;
const SHOWN_CHARACTERS_MAX = 64 * 1024;
/** No subject: stands where tracing must not go on. */
export const TRACE_DISABLED = "trace disabled";
export const TRACE_DESTINATION_HEADER = Buffer.from(DESTINATION, "latin1");

/** What a message asks for. Texts are byte strings. */
export interface TraceRequest {
  /** Undefined = only a tracing system of others asks: the account says where to. */
  readonly destination: string | undefined;
  /** The message is to be traced and not delivered. */
  readonly only: boolean;
  /** `Accept-Encoding`; "" without one. */
  readonly encoding: string;
  /** Headers that have a value, in their spelling: the first ones, where there are very many. */
  readonly headers: ReadonlyMap<string, readonly string[]>;
}

/**
 * False if no header of the block `[start, end)` asks for a trace: told by the first letters of each
 * line, so that messages with other headers cost little.
 */
export function mayAskForTrace(input: Buffer, start: number, end: number): boolean {
  const last = end - BEGINNING_BYTES - 1;
  for (let at = start; at < last; at += 1) {
    if (input[at] !== LF) continue;
    const first = input[at + 1] as number;
    if (first === LETTER_N) {
      if (input[at + 6] === UPPER_T && input[at + 7] === LOWER_R) return true;
    } else if ((first | 0x20) === LOWER_T && ((input[at + 5] as number) | 0x20) === LOWER_E) {
      return true;
    }
  }
  return false;
}

/** What the header block asks for; undefined = nothing, or tracing was switched off on the way. */
export function readTraceRequest(block: Buffer): TraceRequest | undefined {
  const text = block.toString("latin1");
  if (!text.startsWith(STATUS_LINE)) return undefined;
  const headers = new Map<string, string[]>();
  let destination: string | undefined;
  let isSampled = false;
  let only: string | undefined;
  let encoding: string | undefined;
  let shown = 0;
  let characters = 0;
  let at = STATUS_LINE.length;
  for (;;) {
    const colon = text.indexOf(":", at);
    const lineEnd = colon < 0 ? -1 : text.indexOf("\r\n", colon);
    if (lineEnd < 0) break;
    const start = at;
    at = lineEnd + 2;
    const isShown = shown < SHOWN_MAX && characters + at - start <= SHOWN_CHARACTERS_MAX;
    if (!isShown && !KNOWN_LENGTHS.has(colon - start)) continue;
    const key = text.slice(start, colon);
    const value = trimBlanks(text.slice(colon + 1, lineEnd));
    if (key === "" || value === "") continue;
    if (isShown) {
      shown += 1;
      characters += at - start;
      const values = headers.get(key);
      if (values === undefined) headers.set(key, [value]);
      else values.push(value);
    }
    if (key === ONLY) only ??= value;
    else if (key === ENCODING) encoding ??= value;
    if (key === DESTINATION && destination === undefined) {
      if (value === TRACE_DISABLED) return undefined;
      destination = value;
    } else if (TRACE_PARENT.test(key) && isTraceParentSampled(value)) isSampled = true;
  }
  if (destination === undefined && !isSampled) return undefined;
  const isOnly = destination !== undefined && /^(?:1|true|on)$/i.test(only ?? "");
  return { destination, only: isOnly, encoding: encoding ?? "", headers };
}

/** `version-trace-parent-flags` (W3C): two digits, of which the reference reads 7 bits. */
export function isTraceParentSampled(value: string): boolean {
  const parts = value.split("-");
  const flags = parts[3];
  if (parts.length !== 4 || flags === undefined) return false;
  if (!/^(?:[0-7][0-9a-fA-F]|\+[0-9a-fA-F])$/.test(flags)) return false;
  return (Number.parseInt(flags, 16) & 1) === 1;
}
