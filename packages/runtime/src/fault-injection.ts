// Faults on demand, for tests of how a server dies and survives (F27, F28). Worker and acceptor
// threads. Nothing here runs unless the environment names a fault when the server starts; it is
// no feature of the product. What must stay true: without `WEFT_FAULT` the threads are untouched.
//
//   fault  = timed | marked          list of them separated by ","
//   timed  = kind ":" thread ":" delayMs [ ":" durationMs ]
//   kind   = "exit" | "error" | "block" | "memory"
//   thread = "acceptor" | number of a worker, from 1
//   marked = ( "throw" | "assert" ) ":" text    while bytes that contain the text are handled
import { AssertionFailure, type TransportEvents } from "@weft/base";

const KINDS = ["exit", "error", "block", "memory"] as const;
type TimedKind = (typeof KINDS)[number];

export interface InjectedFaults {
  /** The events themselves, or events that fail where a marked fault says so. */
  wrap(events: TransportEvents): TransportEvents;
}

/** Arms the faults of this thread; undefined when there are none. */
export function injectFaults(thread: string): InjectedFaults | undefined {
  const text = process.env["WEFT_FAULT"];
  if (text === undefined || text === "") return undefined;
  const marks: { readonly mark: Buffer; readonly isAssert: boolean }[] = [];
  for (const fault of text.split(",")) {
    const [kind = "", where = "", delay = "0", duration = "0"] = fault.split(":");
    if (kind === "throw" || kind === "assert") {
      marks.push({ mark: Buffer.from(where, "latin1"), isAssert: kind === "assert" });
    } else if (where === thread && KINDS.includes(kind as TimedKind)) {
      setTimeout(() => fail(kind as TimedKind, Number(duration)), Number(delay));
    }
  }
  if (marks.length === 0) return undefined;
  return {
    wrap: (events) =>
      failing(events, (bytes) => {
        const found = marks.find(({ mark }) => bytes.includes(mark));
        if (found === undefined) return;
        if (found.isAssert) throw new AssertionFailure("injected assert");
        throw new Error("injected error");
      }),
  };
}

function failing(events: TransportEvents, look: (bytes: Buffer) => void): TransportEvents {
  return {
    onBytes: (input, start, end) => {
      look(input.subarray(start, end));
      events.onBytes(input, start, end);
    },
    onWritten: () => events.onWritten(),
    onSecure: (facts) => events.onSecure(facts),
    onClosed: (cause, detail) => events.onClosed(cause, detail),
  };
}

function fail(kind: TimedKind, durationMs: number): void {
  switch (kind) {
    case "exit":
      // Ends this thread only: a worker's `process.exit` is its own.
      process.exit(3);
      break;
    case "error":
      throw new Error("injected error outside every connection");
    case "block":
      block(durationMs);
      break;
    case "memory":
      exhaust();
  }
}

function block(durationMs: number): void {
  const until = performance.now() + durationMs;
  while (performance.now() < until);
}

function exhaust(): void {
  const kept: number[][] = [];
  for (;;) kept.push(new Array<number>(1_000_000).fill(kept.length + 0.5));
}
