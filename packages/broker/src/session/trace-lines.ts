// Lines of the protocol trace (LG-11) that are not about one operation of a client: payloads, and what
// the server itself says in the system account (`trace_verbose`). Any thread; no state but the options.
import type { LogLevel } from "@weft/base";
import { quoteBytes } from "@weft/protocol";
import type { TraceOptions } from "../ports.ts";

/** Bytes of `\r\n\r\n`, the end of a header block. */
const HEADER_END_BYTES = 4;

export interface TraceLog {
  write(level: LogLevel, text: string): void;
}

/** The line about a payload, or the header block of it; undefined = there is nothing to show. */
export function payloadLine(
  { payloadBytesMax, headersOnly }: TraceOptions,
  way: string,
  body: Buffer,
  start: number,
  end: number,
  headerBytes: number,
): string | undefined {
  if (headersOnly && headerBytes <= 0) return undefined;
  const last = headersOnly ? start + headerBytes - HEADER_END_BYTES : end;
  if (last <= start) return undefined;
  if (payloadBytesMax <= 0 || last - start <= payloadBytesMax) {
    return `${way} MSG_PAYLOAD: [${quoteBytes(body.subarray(start, last))}]`;
  }
  const shown = quoteBytes(body.subarray(start, start + payloadBytesMax));
  return `${way} MSG_PAYLOAD: [${shown.slice(0, -1)}..."]`;
}

/** What the server itself subscribes to and publishes, with `trace_verbose`. */
export class OwnTrace {
  /** Undefined = the protocol is not traced. */
  options: TraceOptions | undefined;

  get isOn(): boolean {
    return this.options?.own === true;
  }

  subscribed(log: TraceLog, filter: string, sid: number): void {
    if (!this.isOn) return;
    log.write("trace", `SYSTEM - <<- [SUB ${textOf(filter)}  ${sid}]`);
  }

  /** `subject`: a byte string. `header`: a whole block, or empty. */
  published(log: TraceLog, subject: string, header: Buffer, payload: Buffer): void {
    const { options } = this;
    if (options === undefined || !this.isOn) return;
    const bytes = header.length + payload.length;
    log.write("trace", `SYSTEM - <<- [PUB ${textOf(subject)}  ${bytes}]`);
    const body = header.length === 0 ? payload : Buffer.concat([header, payload]);
    const line = payloadLine(options, "<<-", body, 0, bytes, header.length);
    if (line !== undefined) log.write("trace", `SYSTEM - ${line}`);
  }
}

function textOf(bytes: string): string {
  return Buffer.from(bytes, "latin1").toString("utf8");
}
