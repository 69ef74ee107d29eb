// Lines to standard error. Control thread. What must stay true: a terminal or a pipe that nobody
// reads holds up neither the server nor its end.
import { constants, fstatSync, openSync } from "node:fs";
import type { LogLevel } from "@weft/base";
import { DescriptorWriter, type Waiting } from "./descriptor-writer.ts";
import type { LogOutput, OutputEvents } from "./log-output.ts";

const STANDARD_ERROR = 2;

export class StderrOutput implements LogOutput {
  readonly #waiting: Waiting = { characters: 0 };
  readonly #writer: DescriptorWriter;

  constructor(events: OutputEvents) {
    const descriptor = patientDescriptor();
    const owned = descriptor !== STANDARD_ERROR;
    this.#writer = new DescriptorWriter(descriptor, owned, this.#waiting, events);
  }

  get waiting(): number {
    return this.#waiting.characters;
  }

  write(_level: LogLevel, text: string): void {
    this.#writer.write(`${text}\n`);
  }

  writeNow(_level: LogLevel, text: string): boolean {
    return this.#writer.writeNow(`${text}\n`);
  }

  reopen(): boolean {
    return false;
  }

  close(waitMs: number): Promise<void> {
    return atMost(this.#writer.finish(), waitMs);
  }
}

/**
 * A write to a full pipe blocks a thread of the process, and the process cannot end before it. Where
 * Linux lets the pipe or the terminal be opened once more, writes to it fail instead of blocking,
 * and other programs with the same pipe notice nothing.
 */
function patientDescriptor(): number {
  try {
    const facts = fstatSync(STANDARD_ERROR);
    if (!facts.isFIFO() && !facts.isCharacterDevice()) return STANDARD_ERROR;
    const flags = constants.O_WRONLY | constants.O_NONBLOCK | (constants.O_NOCTTY ?? 0);
    return openSync("/proc/self/fd/2", flags);
  } catch {
    return STANDARD_ERROR;
  }
}

/** The promise, or nothing after `waitMs`. */
export async function atMost(done: Promise<void>, waitMs: number): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<void>((resolve) => {
    timer = setTimeout(resolve, waitMs);
  });
  await Promise.race([done, late]);
  clearTimeout(timer);
}
