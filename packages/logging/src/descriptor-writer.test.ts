// A pipe that nobody reads: nothing blocks, what does not fit is counted, the rest comes in order.
import { spawnSync } from "node:child_process";
import { closeSync, constants, openSync, readSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { DescriptorWriter } from "./descriptor-writer.ts";
import { WAITING_CHARACTERS_MAX } from "./log-output.ts";
import { newFolder, until } from "./testing/log-bench.ts";

interface Pipe {
  readonly descriptor: number;
  /** What has come since the last call. */
  read(): string;
}

function newPipe(): Pipe {
  const path = join(newFolder(), "pipe");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const descriptor = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
  const bytes = Buffer.alloc(1024 * 1024);
  return {
    descriptor,
    read: () => {
      try {
        return bytes.toString("latin1", 0, readSync(descriptor, bytes));
      } catch {
        return "";
      }
    },
  };
}

test("GP-11: a full pipe costs lines only when memory is full, and then says how many", async () => {
  const pipe = newPipe();
  const told: string[] = [];
  const waiting = { characters: 0 };
  const writer = new DescriptorWriter(pipe.descriptor, false, waiting, {
    onLoss: (error) => told.push(error.message),
    onRegained: (lost) => told.push(`${lost}`),
    onFatal: () => undefined,
    onDrained: () => told.push("drained"),
  });
  const line = `${"x".repeat(99_990)}`;
  let kept = 0;
  const lines = Math.ceil(WAITING_CHARACTERS_MAX / line.length) + 10;
  const start = performance.now();
  for (let index = 0; index < lines; index += 1) {
    if (writer.write(`${line} ${String(index).padStart(5, "0")}\n`)) kept += 1;
  }
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(kept).toBeLessThan(lines);
  expect(told).toEqual(["the output is too slow"]);
  let text = "";
  await until(() => {
    text += pipe.read();
    return told.includes("drained");
  });
  text += pipe.read();
  expect(told).toEqual(["the output is too slow", `${lines - kept}`, "drained"]);
  const numbers = text
    .trimEnd()
    .split("\n")
    .map((written) => Number(written.slice(-5)));
  expect(numbers).toEqual(Array.from({ length: kept }, (_, index) => index));
  expect(waiting.characters).toBe(0);
  await writer.finish();
  closeSync(pipe.descriptor);
});

test("a last line does not wait for a pipe that nobody reads", () => {
  const pipe = newPipe();
  const events = {
    onLoss: () => undefined,
    onRegained: () => undefined,
    onFatal: () => undefined,
    onDrained: () => undefined,
  };
  const writer = new DescriptorWriter(pipe.descriptor, false, { characters: 0 }, events);
  const start = performance.now();
  expect(writer.writeNow("x".repeat(1024 * 1024))).toBe(false);
  expect(performance.now() - start).toBeLessThan(2_000);
  expect(pipe.read()).toContain("xxx");
  expect(writer.writeNow("end\n")).toBe(true);
  closeSync(pipe.descriptor);
});
