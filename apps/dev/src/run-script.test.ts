// scripts/run.mjs, which npm starts: what it names is there, and `npm start` runs where it was typed.
import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { repositoryRoot } from "./tidy/source-file.ts";

const SCRIPT = "scripts/run.mjs";
const script = readFileSync(join(repositoryRoot, SCRIPT), "utf8");
const folder = realpathSync(mkdtempSync(join(tmpdir(), "weft-run-")));
afterAll(() => rmSync(folder, { recursive: true }));

function put(path: string, text: string): void {
  mkdirSync(dirname(join(folder, path)), { recursive: true });
  writeFileSync(join(folder, path), text);
}

/** A workspace that is installed and built, with a program that says where it runs. */
function makeWorkspace(): void {
  mkdirSync(join(folder, "scripts"));
  copyFileSync(join(repositoryRoot, SCRIPT), join(folder, SCRIPT));
  put("package.json", JSON.stringify({ scripts: { start: `node ${SCRIPT} start` } }));
  const main = "dist/bundle/main.js";
  put(`apps/server/${main}`, "console.log(process.cwd(), ...process.argv.slice(2))");
  for (const app of ["ctl", "auth-callout"]) put(`apps/${app}/${main}`, "");
  mkdirSync(join(folder, "node_modules/.bin"), { recursive: true });
  symlinkSync(process.execPath, join(folder, "node_modules/.bin/node"));
  // No sources and no lock file: their digests are those of nothing.
  const nothing = createHash("sha256").digest("hex");
  put(".weft-build/lock", nothing);
  put(".weft-build/sources", nothing);
}

/** What the program said, started by `npm start` in a folder of the workspace. */
function started(inside: string): string {
  const run = spawnSync("npm", ["start", "--silent", "--", "-c", "x.conf"], {
    cwd: join(folder, inside),
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  expect(run.stderr).toBe("");
  return run.stdout.trim();
}

describe("npm start", () => {
  it("reads paths from the folder where it was typed", () => {
    makeWorkspace();
    mkdirSync(join(folder, "deploy"));
    expect(started(".")).toBe(`${folder} -c x.conf`);
    expect(started("deploy")).toBe(`${join(folder, "deploy")} -c x.conf`);
    // Not by npm's own start: what another script has left says nothing.
    const environment = { ...process.env, INIT_CWD: "/", npm_lifecycle_event: "test" };
    const direct = spawnSync(process.execPath, [SCRIPT, "start"], {
      cwd: folder,
      env: environment,
      encoding: "utf8",
    });
    expect(direct.stdout.trim()).toBe(folder);
  });
});

describe(SCRIPT, () => {
  it("leaves out test files that are there", () => {
    const [, list = ""] = /const slowTests = \[([^\]]*)\]/.exec(script) ?? [];
    const named = [...list.matchAll(/"([^"]+)"/g)].map(([, path = ""]) => path);
    expect(named.length).toBeGreaterThan(10);
    expect(named.filter((path) => !existsSync(join(repositoryRoot, `${path}.test.ts`)))).toEqual(
      [],
    );
  });

  it("starts programs whose sources are there", () => {
    const paths = script.replaceAll('join(dev, "', '"apps/dev/dist/');
    const program = /"([\w/-]+)\/dist\/(?:bundle\/)?(\w+)\.js"/g;
    const sources = [...paths.matchAll(program)].map(([, top, name]) => `${top}/src/${name}.ts`);
    expect(sources).toContain("apps/dev/src/soak.ts");
    expect(sources).toContain("apps/server/src/main.ts");
    expect(sources.filter((path) => !existsSync(join(repositoryRoot, path)))).toEqual([]);
  });

  it("tests every workspace", () => {
    const workspaces = ["packages", "apps"].flatMap((top) =>
      readdirSync(join(repositoryRoot, top)).map((name) => join(top, name)),
    );
    const untested = [...workspaces, "benchmarks"].filter((path) => {
      const file = join(repositoryRoot, path, "package.json");
      if (!existsSync(file)) return false;
      return JSON.parse(readFileSync(file, "utf8")).scripts?.test === undefined;
    });
    expect(untested).toEqual([]);
  });
});
