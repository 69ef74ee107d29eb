// `-t` (FL-02): says whether a configuration file is good, and does not start.
import { type Flags, formatProblem, loadConfig, passesConfigTest } from "@weft/config";
import { checkOptions, FILE_SOURCE, sha256Hex } from "@weft/server";

export function testConfig(file: string, flags: Flags, program: string): void {
  const { strict, allowUnsupported } = flags;
  const loaded = loadConfig(file, FILE_SOURCE, { sha256Hex, strict, allowUnsupported });
  const problems = loaded.ok
    ? [...loaded.warnings, ...checkOptions(loaded.options)]
    : loaded.errors;
  for (const problem of problems) console.error(`${program}: ${formatProblem(problem)}`);
  const passes =
    loaded.ok && passesConfigTest(loaded) && problems.length === loaded.warnings.length;
  if (passes) {
    console.error(`${program}: configuration file ${file} is valid (${loaded.digest})`);
  } else {
    process.exitCode = 1;
  }
}
