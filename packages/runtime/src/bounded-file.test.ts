import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { readBoundedFile } from "./bounded-file.ts";

const folder = mkdtempSync(join(tmpdir(), "weft-bounded-"));
afterAll(() => rmSync(folder, { recursive: true }));

function pipe(name: string): string {
  const path = join(folder, name);
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  return path;
}

test("a file is read whole, and refused when it has a byte too many", () => {
  const path = join(folder, "file");
  const bytes = Buffer.alloc(200_000, "ab");
  writeFileSync(path, bytes);
  expect(readBoundedFile(path, 200_000).equals(bytes)).toBe(true);
  expect(() => readBoundedFile(path, 199_999)).toThrow("larger than 199999 bytes");
  writeFileSync(path, "");
  expect(readBoundedFile(path, 10).length).toBe(0);
  expect(() => readBoundedFile(join(folder, "none"), 10)).toThrow("ENOENT");
  expect(() => readBoundedFile(folder, 10)).toThrow("EISDIR");
});

test("attack 56: a device without an end is refused, one without anything is empty", () => {
  expect(() => readBoundedFile("/dev/zero", 1_000_000)).toThrow("larger than 1000000 bytes");
  expect(readBoundedFile("/dev/null", 10).length).toBe(0);
});

test("attack 56: a pipe without a writer ends the waiting", () => {
  const path = pipe("silent");
  const startedMs = performance.now();
  expect(() => readBoundedFile(path, 10, 100)).toThrow("nothing comes from it within 100 ms");
  expect(performance.now() - startedMs).toBeLessThan(5_000);
});

test("a pipe is read to its end, however late it begins and however it pauses", async () => {
  const path = pipe("late");
  const script = 'sleep 0.1; { printf one; sleep 0.1; printf two; } > "$1"';
  const writer = spawn("sh", ["-c", script, "sh", path], { stdio: "ignore" });
  const ended = new Promise((resolve) => writer.once("exit", resolve));
  expect(readBoundedFile(path, 10, 8_000).toString()).toBe("onetwo");
  await ended;
});
