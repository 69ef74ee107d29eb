// Secrets on disk: modes, refusals, and that nothing shows a seed that was not asked for.
import {
  chmodSync,
  existsSync,
  readdirSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { ALL_COMMANDS } from "../commands/all-commands.ts";
import { Bench } from "../testing/bench.ts";
import { folderModes, readTree } from "../testing/tree.ts";
import { writeFile } from "./files.ts";

const SEED = /\bS[AOUX][A-Z2-7]{56}\b/;

async function withUser(): Promise<Bench> {
  const bench = new Bench();
  await bench.done("add", "operator", "O", "--sys", "--generate-signing-key");
  await bench.done("add", "account", "A");
  await bench.done("edit", "account", "A", "--sk", "generate");
  await bench.done("add", "user", "u", "-a", "A");
  return bench;
}

function seedPath(bench: Bench, kind: string): string {
  const found = Object.keys(readTree(bench.home)).find((it) => it.startsWith(`keys/${kind}/`));
  return join(bench.home, found ?? "none");
}

describe("files with secrets (GP-12)", () => {
  test("have mode 0600 in folders of 0700, also under a lax umask", () => {
    const bench = new Bench();
    const before = process.umask(0);
    try {
      expect(bench.spawn("add", "operator", "O", "--sys").code).toBe(0);
    } finally {
      process.umask(before);
    }
    const modes = Object.values(readTree(bench.home)).map(({ mode }) => mode);
    expect(new Set(modes)).toEqual(new Set(["600"]));
    expect(folderModes(bench.home)).toEqual(["700"]);
  });

  test("that everybody can read are not used, and the answer says which and why", async () => {
    const bench = await withUser();
    const path = seedPath(bench, "A");
    for (const mode of [0o604, 0o644, 0o666]) {
      for (const file of Object.keys(readTree(bench.home)).filter((it) => it.endsWith(".nk"))) {
        chmodSync(join(bench.home, file), mode);
      }
      const { code, error } = await bench.run("add", "user", "v", "-a", "A");
      expect(code).toBe(1);
      expect(error).toContain(`everybody can read it (mode 0${mode.toString(8)})`);
      expect(error).not.toMatch(SEED);
    }
    expect(existsSync(path)).toBe(true);
    expect(Object.keys(readTree(bench.home)).some((it) => it.endsWith("v.jwt"))).toBe(false);
  });

  test("that a group can read are used with a warning", async () => {
    const bench = await withUser();
    for (const file of Object.keys(readTree(bench.home)).filter((it) => it.endsWith(".nk"))) {
      chmodSync(join(bench.home, file), 0o640);
    }
    const { code, error } = await bench.run("add", "user", "v", "-a", "A");
    expect(code).toBe(0);
    expect(error).toContain("its group can read it (mode 0640)");
  });

  test("creds files that everybody can read are a finding", async () => {
    const bench = await withUser();
    chmodSync(join(bench.home, "creds/O/A/u.creds"), 0o644);
    const { code, out } = await bench.run("validate");
    expect(code).toBe(1);
    expect(out).toContain('error: user "u" of account "A"');
    expect(out).toContain("everybody can read it");
  });

  test("a seed under another key's name is refused", async () => {
    const bench = await withUser();
    const key = (await bench.done("describe", "account", "A", "--field", "sub")).trim();
    const path = join(bench.home, "keys", "A", key.slice(1, 3), `${key}.nk`);
    renameSync(seedPath(bench, "U"), path);
    const { code, error } = await bench.run("add", "user", "v", "-a", "A");
    expect(code).toBe(1);
    expect(error).toContain("holds the seed of another key: U");
    expect(error).not.toMatch(SEED);
  });

  test("are replaced as a whole, never through a link, and leave no drafts", () => {
    const bench = new Bench();
    const target = bench.path("elsewhere");
    const path = bench.path("file");
    writeFileSync(target, "old");
    symlinkSync(target, path);
    writeFile(path, "new");
    const tree = readTree(bench.folder);
    expect(tree).toEqual({
      elsewhere: { mode: "644", text: "old" },
      file: { mode: "600", text: "new" },
    });
    expect(() => writeFile(bench.path("elsewhere", "x"), "y")).toThrow("cannot make folder");
    expect(readdirSync(bench.folder).sort()).toEqual(["elsewhere", "file"]);
  });
});

describe("seeds are shown by an explicit option only", () => {
  test("no command without --show-seeds, -o -- prints one", async () => {
    const bench = await withUser();
    const lines = [
      "list keys --all",
      "list keys --json",
      "describe operator",
      "describe account A --json",
      "describe user u -a A",
      "validate",
      "env",
      "generate creds u -a A",
      "generate nkey --user --store",
      "edit account A --sk generate",
      "edit operator --sk generate",
      "add user w -a A",
      "generate config --mem-resolver",
    ];
    for (const line of lines) {
      const { out, error, code } = await bench.run(...line.split(" "));
      expect([line, code]).toEqual([line, 0]);
      expect(`${out}${error}`, line).not.toMatch(SEED);
    }
    const creds = join(bench.home, "creds/O/A/u.creds");
    for (const command of ["decode", "describe jwt", "validate --file"]) {
      const { out, error } = await bench.run(...command.split(" "), creds);
      expect(`${out}${error}`, command).not.toMatch(SEED);
    }
    // Those that were asked to.
    expect(await bench.done("list", "keys", "--show-seeds")).toMatch(SEED);
    expect(await bench.done("generate", "nkey", "--user", "--show-seeds")).toMatch(SEED);
    expect(await bench.done("generate", "creds", "u", "-a", "A", "-o", "--")).toMatch(SEED);
  });

  test("a seed on the command line is warned of and in no message", async () => {
    const bench = await withUser();
    const shown = await bench.done("generate", "nkey", "--operator-key", "--show-seeds");
    const seed = SEED.exec(shown)?.[0] ?? "";
    const { code, error } = await bench.run("add", "account", "B", "-K", seed);
    expect(code).toBe(1);
    expect(error).toContain("a seed on the command line can be seen by others");
    expect(error).toContain("may not sign accounts");
    expect(error).not.toMatch(SEED);
    const typo = await bench.run("add", "account", "B", "-K", `${seed.slice(0, -1)}A`);
    expect(typo.code).toBe(1);
    expect(typo.error).not.toMatch(SEED);
    const short = await bench.run("add", "account", "B", "-K", seed.slice(0, 50));
    expect(short.code).toBe(1);
    expect(short.error).not.toContain(seed.slice(0, 20));
  });

  test("only these options exist for it", () => {
    const names = ALL_COMMANDS.flatMap(({ options }) => options.map(({ name }) => name));
    expect(new Set(names.filter((name) => name.includes("seed")))).toEqual(new Set(["show-seeds"]));
  });
});
