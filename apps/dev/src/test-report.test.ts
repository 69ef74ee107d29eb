// The closing line must not be able to hide a failure.
import { describe, expect, it } from "vitest";
import { addUp, countVitest, summaryLine } from "./test-report.ts";

const report = (status: string, tests: readonly string[]): string =>
  JSON.stringify({
    testResults: [
      {
        status,
        name: "a.test.ts",
        assertionResults: tests.map((t) => ({ status: t, fullName: t })),
      },
    ],
  });

describe("test report", () => {
  it("counts passed, failed and skipped tests", () => {
    const counts = countVitest("unit", report("failed", ["passed", "failed", "pending"]), 1);
    expect(counts).toEqual({ passed: 1, failed: 1, skipped: ["unit: pending"] });
  });

  it("counts a file that does not load, a missing report and an error outside of tests", () => {
    expect(countVitest("unit", report("failed", []), 1).failed).toBe(1);
    expect(countVitest("unit", "", 1).failed).toBe(1);
    expect(countVitest("unit", report("passed", ["passed"]), 1).failed).toBe(1);
  });

  it("counts a run without any test as a failure", () => {
    expect(countVitest("unit", JSON.stringify({ testResults: [] }), 0).failed).toBe(1);
  });

  it("adds up to one line", () => {
    const one = { passed: 2, failed: 1, skipped: ["x"] };
    expect(summaryLine(addUp([one, one]))).toBe("4 passed, 2 failed, 2 skipped");
  });
});
