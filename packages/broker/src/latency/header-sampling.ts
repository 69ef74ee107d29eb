// Does a request ask for its answer to be measured (AC-63)? Told by the headers of four tracing
// systems, whichever comes first. Worker; pure. Must stay true: the same headers decide, and are
// shown in the measurement, as in the reference.
import { canonicalKey, isTraceParentSampled, readMimeHeaders } from "@weft/protocol";

type Headers = ReadonlyMap<string, readonly string[]>;
/** Of a measurement: the headers that asked for it. */
export type SamplingHeaders = Readonly<Record<string, readonly string[]>>;

const UBER = canonicalKey("Uber-Trace-Id");
const UBER_CONTEXT = canonicalKey("Uberctx-");
const B3_SAMPLED = canonicalKey("X-B3-Sampled");
const B3_TRACE = canonicalKey("X-B3-TraceId");
const B3_PARENT = canonicalKey("X-B3-ParentSpanId");
const B3_SPAN = canonicalKey("X-B3-SpanId");
const B3 = canonicalKey("B3");
const TRACE_PARENT = canonicalKey("Traceparent");
const TRACE_STATE = canonicalKey("Tracestate");

/** The headers that ask, or undefined. `block` is a header block. */
export function samplingHeaders(block: Buffer): SamplingHeaders | undefined {
  const headers = readMimeHeaders(block);
  return headers === undefined ? undefined : decide(headers);
}

function decide(headers: Headers): SamplingHeaders | undefined {
  const uber = headers.get(UBER)?.[0];
  if (uber !== undefined) return isUberSampled(uber) ? uberHeaders(headers) : undefined;
  const sampled = headers.get(B3_SAMPLED)?.[0];
  if (sampled === "0") return undefined;
  // Without a decision the recipient decides, and this one wants it.
  if (sampled === "1" || headers.has(B3_TRACE)) {
    return pick(headers, [B3_SAMPLED, B3_TRACE, B3_PARENT, B3_SPAN]);
  }
  const single = headers.get(B3)?.[0];
  if (single !== undefined) return isB3Denied(single) ? undefined : pick(headers, [B3]);
  const parent = headers.get(TRACE_PARENT)?.[0];
  if (parent === undefined || !isTraceParentSampled(parent)) return undefined;
  return pick(headers, [TRACE_PARENT, TRACE_STATE]);
}

/** `trace:span:parent:flags`; the last digit of the flags counts. */
function isUberSampled(value: string): boolean {
  const flags = value.split(":");
  const last = flags[3];
  if (flags.length !== 4 || last === undefined || !/^.?[0-9a-fA-F]$/.test(last)) return false;
  return (Number.parseInt(last.slice(-1), 16) & 1) === 1;
}

/** `trace-span-sampled-parent`, or the decision alone. */
function isB3Denied(value: string): boolean {
  const parts = value.split("-");
  return parts.length > 2 ? parts[2] === "0" : parts.length === 1 && parts[0] === "0";
}

function uberHeaders(headers: Headers): SamplingHeaders {
  const context = [...headers.keys()].filter((key) => key.startsWith(UBER_CONTEXT));
  return pick(headers, [UBER, ...context]);
}

/** In the order of their names, as JSON of the reference's has them. */
function pick(headers: Headers, names: readonly string[]): SamplingHeaders {
  const picked: Record<string, readonly string[]> = {};
  for (const name of [...names].sort()) {
    const values = headers.get(name);
    if (values !== undefined) picked[name] = values;
  }
  return picked;
}
