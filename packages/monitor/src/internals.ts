// Pages about the process itself: `/debug/vars`, `/stacksz`, `/ipqueuesz` (MO-32, MO-33, MO-35).
// Thread: control. Must stay true: the command line was freed of secrets by whoever gives it.
import type { MonitorFacts, QueueFacts } from "./facts.ts";
import { encodeJson, type JsonObject } from "./go-json.ts";

/** Text of `/debug/vars`: a line for each variable, its value in one line. */
export function debugVars(facts: MonitorFacts): string {
  const { cmdline, memstats } = debugValues(facts);
  return `{\n"cmdline": ${encodeJson(cmdline, "")},\n"memstats": ${encodeJson(memstats, "")}\n}\n`;
}

export interface DebugValues {
  readonly cmdline: readonly string[];
  readonly memstats: JsonObject;
}

/** The reference's names, where there is something like it. */
export function debugValues(facts: MonitorFacts): DebugValues {
  const { commandLine, heap, residentBytes } = facts.process();
  const memstats = {
    Alloc: heap.usedBytes,
    Sys: residentBytes,
    HeapAlloc: heap.usedBytes,
    HeapSys: heap.totalBytes,
    HeapIdle: heap.totalBytes - heap.usedBytes,
    HeapInuse: heap.usedBytes,
    HeapLimit: heap.limitBytes,
    OtherSys: heap.externalBytes + heap.mallocedBytes,
  };
  return { cmdline: commandLine, memstats };
}

export interface QueueOptions {
  /** Empty ones too. */
  readonly all: boolean;
  /** Only names with this in them. */
  readonly filter: string;
}

export function ipqueuesz(
  facts: MonitorFacts,
  { all, filter }: QueueOptions,
): ReadonlyMap<string, JsonObject> {
  const shown = [...facts.queues()].filter(([name, { pending, inProgress }]) => {
    return (all || pending > 0 || inProgress > 0) && name.includes(filter);
  });
  return new Map(shown.map(([name, queue]) => [name, queueInfo(queue)]));
}

function queueInfo({ pending, inProgress }: QueueFacts): JsonObject {
  return { pending, in_progress: inProgress || undefined };
}
