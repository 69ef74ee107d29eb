// The one entry of `npm start`, `npm test` and the other root commands. Runs on any Node from 18,
// imports nothing, and does what a fresh clone needs first: install when the lock file changed,
// build when sources changed. The work itself runs under the Node that the lock file brings.
import { spawn, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { constants } from "node:os";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stateDir = join(root, ".weft-build");
const [, , command = "help", ...rest] = process.argv;

function read(path) {
  return existsSync(path) ? readFileSync(path, "utf8") : "";
}

function stampIs(name, value) {
  return read(join(stateDir, name)) === value;
}

function writeStamp(name, value) {
  mkdirSync(stateDir, { recursive: true });
  writeFileSync(join(stateDir, name), value);
}

function runOrExit(file, args, options = {}) {
  const result = spawnSync(file, args, { cwd: root, stdio: "inherit", ...options });
  if (result.error) {
    console.error(`run: cannot start ${file}: ${result.error.message}`);
    process.exit(1);
  }
  if (result.status !== 0) process.exit(result.status ?? 1);
}

/** npm's own script when npm started us, else whatever `npm` the PATH finds. */
function npm(args) {
  const cli = process.env.npm_execpath;
  // Set-up chatter goes to stderr, so that the output of the command itself stays clean.
  const stdio = ["ignore", 2, 2];
  const env = { ...process.env, NODE_ENV: "", npm_config_production: "", npm_config_omit: "" };
  if (cli?.endsWith(".js")) runOrExit(process.execPath, [cli, ...args], { stdio, env });
  else runOrExit("npm", args, { stdio, env, shell: process.platform === "win32" });
}

/** Somebody ran `npm ci` already: npm leaves its own lock file, newer than ours, when it is done. */
function installedByHand() {
  const done = join(root, "node_modules", ".package-lock.json");
  if (!existsSync(done)) return false;
  return statSync(done).mtimeMs > statSync(join(root, "package-lock.json")).mtimeMs;
}

function install() {
  const lock = createHash("sha256")
    .update(read(join(root, "package-lock.json")))
    .digest("hex");
  if (existsSync(join(root, "node_modules")) && stampIs("lock", lock)) return;
  if (installedByHand()) {
    writeStamp("lock", lock);
    return;
  }
  npm(["ci", "--no-audit", "--no-fund"]);
  writeStamp("lock", lock);
}

/** The Node of the lock file where it has one for this machine, else the running one if it will do. */
function projectNode() {
  const bundled = join(root, "node_modules", ".bin", "node");
  if (existsSync(bundled)) return bundled;
  const [major, minor] = process.versions.node.split(".").map(Number);
  if (major > 24 || (major === 24 && minor >= 21)) return process.execPath;
  console.error(
    `run: Weft needs Node 24.21 or later; this is ${process.version} and no packaged Node fits ${process.platform}-${process.arch}`,
  );
  process.exit(1);
}

function sourceDigest() {
  const hash = createHash("sha256");
  const visit = (dir) => {
    for (const entry of readdirSync(dir, { withFileTypes: true }).sort((a, b) =>
      a.name < b.name ? -1 : 1,
    )) {
      if (entry.name === "node_modules" || entry.name === "dist" || entry.name.startsWith("."))
        continue;
      const path = join(dir, entry.name);
      if (entry.isDirectory()) visit(path);
      else if (/\.(ts|json|mjs)$/.test(entry.name) && !entry.name.endsWith(".tsbuildinfo")) {
        const { size, mtimeMs } = statSync(path);
        hash.update(`${relative(root, path)}:${size}:${mtimeMs}\n`);
      }
    }
  };
  for (const top of ["packages", "apps", "benchmarks"])
    if (existsSync(join(root, top))) visit(join(root, top));
  hash.update(read(join(root, "tsconfig.base.json"))).update(read(join(root, "package-lock.json")));
  return hash.digest("hex");
}

function childEnvironment() {
  const bin = join(root, "node_modules", ".bin");
  const path = process.env.PATH ?? "";
  return {
    // As in apps/server/bin/weft: the memory of slow consumers goes back to the system.
    MALLOC_MMAP_THRESHOLD_: "65536",
    ...process.env,
    PATH: `${bin}:${path}`,
    TURBO_TELEMETRY_DISABLED: "1",
    DO_NOT_TRACK: "1",
  };
}

function build() {
  const digest = sourceDigest();
  const bundles = ["apps/server", "apps/ctl", "apps/auth-callout"].map((app) =>
    join(root, app, "dist/bundle/main.js"),
  );
  if (stampIs("sources", digest) && bundles.every((path) => existsSync(path))) return;
  const turbo = join(root, "node_modules", ".bin", "turbo");
  runOrExit(turbo, ["run", "build", "--output-logs=errors-only", "--no-update-notifier"], {
    env: childEnvironment(),
    stdio: ["ignore", 2, 2],
  });
  writeStamp("sources", digest);
}

/**
 * Where `npm start` was typed: npm runs scripts in the root, and the paths behind the flags are from
 * here. Another script of npm above us may have left its own INIT_CWD.
 */
function callersFolder() {
  const { npm_lifecycle_event: script, INIT_CWD: folder } = process.env;
  return (script === command && folder) || process.cwd();
}

/** Runs the command to its end, passing signals on and taking over its exit code. */
function spawnForever(file, args, cwd = process.cwd()) {
  const child = spawn(file, args, {
    cwd,
    stdio: "inherit",
    env: childEnvironment(),
  });
  for (const signal of ["SIGINT", "SIGTERM", "SIGHUP", "SIGUSR2"]) {
    process.on(signal, () => child.kill(signal));
  }
  child.on("error", (error) => {
    console.error(`run: ${error.message}`);
    process.exit(1);
  });
  child.on("exit", (code, signal) => {
    process.exit(code ?? 128 + (constants.signals[signal] ?? 0));
  });
}

const dev = join(root, "apps/dev/dist");
const jobs = {
  start: () => {
    const program = join(root, "apps/server/dist/bundle/main.js");
    spawnForever(projectNode(), [program, ...rest], callersFolder());
  },
  test: () => spawnForever(projectNode(), [join(dev, "test.js"), ...rest]),
  deep: () => spawnForever(projectNode(), [join(dev, "test.js"), "--deep", ...rest]),
  attack: () => spawnForever(projectNode(), [join(dev, "test.js"), "--attack", ...rest]),
  lint: () => spawnForever(projectNode(), [join(dev, "test.js"), "--lint", ...rest]),
  "interop:security": () => spawnForever(projectNode(), [join(dev, "interop.js"), ...rest]),
  soak: () => spawnForever(projectNode(), [join(dev, "soak.js"), ...rest]),
  bench: () => spawnForever(projectNode(), [join(root, "benchmarks/dist/main.js"), ...rest]),
};

/** They take a second and more each: the inner loop of a package leaves them to `npm test`, and says so. */
const slowTests = [
  "packages/accounts/src/compile-limits",
  "packages/accounts/src/live-accounts",
  "packages/accounts/src/live-searches",
  "packages/accounts/src/routing",
  "packages/jwt/src/trust/graphs",
  "packages/logging/src/server-log",
  "packages/resolver/src/mesh",
  "packages/runtime/src/callout-service",
  "packages/runtime/src/connection-registry",
  "packages/runtime/src/hash-pool",
  "packages/runtime/src/monitor-answer",
  "packages/runtime/src/monitor-health",
  "packages/runtime/src/monitor-listener",
  "packages/runtime/src/monitor-port",
  "packages/runtime/src/threads",
  "packages/server/src/authentication",
  "packages/server/src/closed-connections",
  "packages/server/src/start-server",
  "packages/server/src/verdicts",
  "packages/shm/src/mailbox.interleavings",
  "packages/sim/src/accounts",
  "packages/sim/src/broker-equals-model",
  "packages/sim/src/concurrency",
  "packages/sim/src/crowded-groups",
  "packages/sim/src/departures",
  "packages/sim/src/hidden-work",
  "packages/sim/src/internal-participant",
  "packages/sim/src/judgements",
  "packages/sim/src/kept-memory",
  "packages/sim/src/large-groups",
  "packages/sim/src/latency-flood",
  "packages/sim/src/parked-rights",
  "packages/sim/src/passing-plans",
  "packages/sim/src/refused-everywhere",
  "packages/sim/src/reload",
  "packages/sim/src/review-changes",
  "packages/sim/src/reviews",
  "packages/sim/src/runs",
  "packages/sim/src/seams",
  "packages/sim/src/second-choice",
  "packages/sim/src/slow-receivers",
  "packages/sim/src/subscription-lists",
  "packages/sim/src/trace-bounds",
  "packages/sim/src/turn-work",
  "packages/sim/src/who-is-paused",
  "packages/subjects/src/interest/protocol",
  "packages/subjects/src/interest/threads",
];

/** Their tests start the built program: there is nothing to run from source. */
const testedFromBuild = ["apps/server"];

/** The inner loop: one package's tests, from source, without a build. `--all` runs the slow ones too. */
function testPackage() {
  const folder = relative(root, process.cwd()) || ".";
  if (testedFromBuild.includes(folder)) build();
  process.chdir(root);
  const takesAll = rest.includes("--all");
  const left = takesAll ? [] : slowTests.filter((file) => file.startsWith(`${folder}/`));
  for (const file of left) console.log(`left to npm test, or to --all: ${file}.test.ts`);
  process.env.WEFT_TESTS_LEFT = left.map((file) => `${file}.test.ts`).join(",");
  spawnForever(projectNode(), [
    join(root, "node_modules/vitest/vitest.mjs"),
    "run",
    `${folder}/`,
    // A process for each file takes longer than most of them.
    "--no-isolate",
    ...rest.filter((word) => word !== "--all"),
  ]);
}

if (command === "test-package") {
  install();
  testPackage();
} else if (command === "build") {
  install();
  build();
} else if (jobs[command]) {
  install();
  build();
  jobs[command]();
} else {
  console.error(
    `usage: node scripts/run.mjs ${Object.keys(jobs).join("|")}|build|test-package [arguments]`,
  );
  process.exit(2);
}
