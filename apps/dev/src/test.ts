// `npm test`, `npm run deep`, `npm run attack`, `npm run lint`: runs every checker and test runner
// in turn, prints what was skipped with its reason, and ends with one line of counts.
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { addUp, type Counts, countVitest, summaryLine } from "./test-report.ts";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const bin = join(root, "node_modules", ".bin");
const flags = new Set(process.argv.slice(2).filter((argument) => argument.startsWith("--")));
const filters = process.argv.slice(2).filter((argument) => !argument.startsWith("--"));

/** Tests against servers that have a deep form. */
const DEEP_SERVER_TESTS = ["conformance/ctl.", "reload-differential", "resolver-kill"];

/** One checker that passes or fails as a whole. */
function check(name: string, file: string, args: readonly string[]): Counts {
  console.log(`\n== ${name}`);
  const result = spawnSync(file, args, { cwd: root, stdio: "inherit" });
  const passed = result.status === 0;
  if (!passed) console.log(`${name} failed`);
  return { passed: passed ? 1 : 0, failed: passed ? 0 : 1, skipped: [] };
}

/** One vitest configuration, counted test by test. */
function vitest(name: string, config: string, environment: NodeJS.ProcessEnv): Counts {
  console.log(`\n== ${name}`);
  const folder = mkdtempSync(join(tmpdir(), "weft-test-"));
  const report = join(folder, "report.json");
  const runner = join(root, "node_modules/vitest/vitest.mjs");
  const result = spawnSync(
    process.execPath,
    [
      runner,
      "run",
      "--config",
      config,
      "--reporter=default",
      "--reporter=json",
      `--outputFile.json=${report}`,
      ...filters,
    ],
    { cwd: root, stdio: "inherit", env: { ...process.env, ...environment } },
  );
  const text = existsSync(report) ? readFileSync(report, "utf8") : "";
  rmSync(folder, { recursive: true, force: true });
  return countVitest(name, text, result.status ?? 1);
}

function main(): number {
  const deep = flags.has("--deep");
  const attack = flags.has("--attack");
  const parts: Counts[] = [];
  if (!deep && !attack) {
    parts.push(check("format and lint", join(bin, "biome"), ["check", "."]));
    parts.push(check("unused code and dependencies", join(bin, "knip"), ["--no-progress"]));
  }
  if (!flags.has("--lint")) {
    const environment = { WEFT_DEEP: deep ? "1" : "", WEFT_ATTACK: attack ? "full" : "" };
    if (!attack) parts.push(vitest("unit tests", "vitest.config.ts", environment));
    if (attack) filters.push("conformance/attack-");
    // Deep with filters is about the unit tests that they name.
    const areServersWanted = !deep || filters.length === 0;
    if (deep) filters.push(...DEEP_SERVER_TESTS);
    if (areServersWanted) {
      parts.push(vitest("server tests", "vitest.servers.config.ts", environment));
    }
  }
  const total = addUp(parts);
  for (const skip of total.skipped) console.log(`skipped: ${skip}`);
  console.log(`\n${summaryLine(total)}`);
  return total.failed === 0 ? 0 : 1;
}

process.exitCode = main();
