// Counting over all runners. Pure.

/** What one runner did. `skipped` names each test that did not run, with its reason. */
export interface Counts {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: readonly string[];
}

interface VitestAssertion {
  readonly status: string;
  readonly fullName: string;
}

interface VitestReport {
  readonly testResults?: readonly {
    readonly status: string;
    readonly name: string;
    readonly assertionResults: readonly VitestAssertion[];
  }[];
}

/** Counts of a vitest JSON report; a file that does not even load counts as one failure. */
export function countVitest(name: string, report: string, exitCode: number): Counts {
  if (report === "") return { passed: 0, failed: 1, skipped: [] };
  const { testResults = [] } = JSON.parse(report) as VitestReport;
  const skipped: string[] = [];
  let passed = 0;
  let failed = 0;
  for (const file of testResults) {
    if (file.assertionResults.length === 0 && file.status === "failed") failed += 1;
    for (const test of file.assertionResults) {
      if (test.status === "passed") passed += 1;
      else if (test.status === "failed") failed += 1;
      else skipped.push(`${name}: ${test.fullName}`);
    }
  }
  // An error outside of any test (an unhandled rejection, say) fails the run all the same.
  if (failed === 0 && exitCode !== 0) failed = 1;
  if (passed + failed === 0) failed = 1;
  return { passed, failed, skipped };
}

export function addUp(parts: readonly Counts[]): Counts {
  return {
    passed: parts.reduce((sum, part) => sum + part.passed, 0),
    failed: parts.reduce((sum, part) => sum + part.failed, 0),
    skipped: parts.flatMap((part) => part.skipped),
  };
}

/** The closing line that continuous integration reads. */
export function summaryLine(counts: Counts): string {
  return `${counts.passed} passed, ${counts.failed} failed, ${counts.skipped.length} skipped`;
}
