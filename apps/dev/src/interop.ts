// `npm run interop:security`: brings nsc, nk and the nats tool at pinned versions where Go is installed,
// and runs the tests that use them. Without Go, and for a tool that cannot be had, it says what is
// skipped, and ends with 0. Tools that WEFT_NSC, WEFT_NK and WEFT_NATS name are taken as they are.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync } from "node:fs";
import { homedir } from "node:os";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const INSTALL_MS = 900_000;
const TOOLS = [
  { name: "nsc", variable: "WEFT_NSC", module: "github.com/nats-io/nsc/v2@v2.11.0" },
  { name: "nk", variable: "WEFT_NK", module: "github.com/nats-io/nkeys/nk@v0.4.16" },
  { name: "nats", variable: "WEFT_NATS", module: "github.com/nats-io/natscli/nats@v0.2.3" },
] as const;
/** Tests that use one of the tools. */
const SERVER_TESTS = ["interop-security", "operator-tools", "ctl.conformance"];
const UNIT_TESTS = [
  "apps/ctl/src/nsc-story",
  "apps/ctl/src/nsc-tree",
  "packages/jwt-store/src/interop",
];

function goProgram(): string | undefined {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/local/go/bin"];
  return folders.map((folder) => join(folder, "go")).find((path) => existsSync(path));
}

/** Where tools of these versions stay from run to run. */
function cacheFolder(): string {
  const caches = process.env["XDG_CACHE_HOME"] ?? join(homedir(), ".cache");
  return join(caches, "weft-interop");
}

/** Path of a tool; undefined with a word about why not. */
function bring({ name, variable, module }: (typeof TOOLS)[number]): string | undefined {
  const given = process.env[variable] ?? "";
  if (given !== "" && existsSync(given)) return given;
  const folder = join(cacheFolder(), module.replaceAll("/", "_"));
  const path = join(folder, name);
  if (existsSync(path)) return path;
  const go = goProgram();
  if (go === undefined) {
    console.log(`${name}: skipped, Go is not installed and ${variable} names none`);
    return undefined;
  }
  mkdirSync(folder, { recursive: true });
  console.log(`${name}: go install ${module}`);
  const env = { ...process.env, GOBIN: folder };
  const options = { env, encoding: "utf8", timeout: INSTALL_MS } as const;
  const { status, stderr } = spawnSync(go, ["install", module], options);
  if (status === 0 && existsSync(path)) return path;
  const [why = "no word"] = (stderr ?? "").trim().split("\n").slice(-1);
  console.log(`${name}: skipped, it could not be installed: ${why}`);
  return undefined;
}

function vitest(config: string, filters: readonly string[], env: NodeJS.ProcessEnv): boolean {
  const runner = join(root, "node_modules/vitest/vitest.mjs");
  const words = [runner, "run", "--config", config, ...filters];
  return spawnSync(process.execPath, words, { cwd: root, stdio: "inherit", env }).status === 0;
}

function main(): number {
  const env: NodeJS.ProcessEnv = { ...process.env };
  let found = 0;
  for (const tool of TOOLS) {
    const path = bring(tool);
    if (path === undefined) continue;
    console.log(`${tool.name}: ${path}`);
    env[tool.variable] = path;
    found += 1;
  }
  if (found === 0) {
    console.log("interop:security: nothing to run");
    return 0;
  }
  const isServed = vitest("vitest.servers.config.ts", SERVER_TESTS, env);
  return vitest("vitest.config.ts", UNIT_TESTS, env) && isServed ? 0 : 1;
}

process.exitCode = main();
