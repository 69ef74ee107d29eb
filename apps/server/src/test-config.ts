// `-t` (FL-02): says whether a configuration file is good, and does not start.
import { type Flags, formatProblem } from "@weft/config";
import { checkConfig, FILE_SOURCE, sha256Hex } from "@weft/server";

export function testConfig(file: string, flags: Flags, program: string): void {
  const { strict, allowUnsupported } = flags;
  const checked = checkConfig(file, FILE_SOURCE, { sha256Hex, strict, allowUnsupported });
  for (const problem of checked.problems) console.error(`${program}: ${formatProblem(problem)}`);
  if (checked.isValid) {
    console.error(`${program}: configuration file ${file} is valid (${checked.digest})`);
  } else {
    process.exitCode = 1;
  }
}
