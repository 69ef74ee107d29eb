import { expect, test } from "vitest";
import { ProcessUsage, redacted } from "./process-usage.ts";

test.each([
  [
    ["weft", "--auth", "x", "-p", "4222"],
    ["weft", "--auth", "[REDACTED]", "-p", "4222"],
  ],
  [
    ["weft", "--pass=x", "--user=y"],
    ["weft", "--pass=[REDACTED]", "--user=[REDACTED]"],
  ],
  [
    ["weft", "-auth=a=b"],
    ["weft", "-auth=[REDACTED]"],
  ],
  [
    ["weft", "--routes", "nats://u:p@h:1"],
    ["weft", "--routes", "nats://[REDACTED]@h:1"],
  ],
  [
    ["weft", "-c", "file.conf"],
    ["weft", "-c", "file.conf"],
  ],
])("MO-35: %j is shown as %j", (given, shown) => {
  expect(redacted(given)).toEqual(shown);
});

test("MO-10: what the process uses, at once and again", () => {
  const usage = new ProcessUsage(["weft"]);
  const { residentBytes, cpuPercent, coresCount, heap } = usage.facts();
  expect(residentBytes).toBeGreaterThan(1e6);
  expect(cpuPercent).toBe(0);
  expect(coresCount).toBeGreaterThan(0);
  expect(heap.usedBytes).toBeLessThanOrEqual(heap.totalBytes);
});
