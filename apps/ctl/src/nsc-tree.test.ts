// A tree that nsc made is edited by weftctl, and one that weftctl made by nsc. The tree of nsc is
// recorded, so that half of it needs no Go; WEFT_RECORD_NSC=1 records it anew.
import { readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Bench, type Outcome, type RecordedFile } from "./testing/bench.ts";
import { nscProgram, withoutNsc } from "./testing/nsc-program.ts";
import { claimsOf, folderModes, readTree } from "./testing/tree.ts";

type Tree = Record<string, RecordedFile>;

const RECORD = fileURLToPath(new URL("testdata/nsc-tree.json", import.meta.url));
const NOW = Date.UTC(2026, 10, 30);

/** Made by nsc: strict, with a role, an activation, a revocation and a login service. */
const NSC_COMMANDS: readonly string[] = [
  "add operator --name WORKS --sys --generate-signing-key",
  "edit operator --require-signing-keys",
  "add account --name MILL",
  "edit account --name MILL --sk generate --conns 50 --tag floor:2",
  "edit signing-key --account MILL --sk generate --role smith --allow-pub forge.{{name()}}.>",
  "add account --name SHIP",
  "edit account --name SHIP --sk generate",
  "add user --account MILL --name anna -K smith",
  "add user --account SHIP --name boris --allow-pub a,b --expiry 2040-01-01",
  "add export --account MILL --subject ore.> --private",
  "edit authcallout --account SHIP --auth-user {boris} --allowed-account * --curve generate",
  "revocations add-user --account MILL --user-public-key * --at 1500000000",
];

function done({ code, out, error }: Outcome): string {
  expect(code, `${error}${out}`).toBe(0);
  return `${out}${error}`;
}

function makeWithNsc(bench: Bench, program: string): void {
  for (const line of NSC_COMMANDS) {
    const words = line.split(" ").map((word) => {
      const boris = (): string => readTree(bench.home)["WORKS/accounts/SHIP/users/boris.jwt"]!.text;
      return word === "{boris}" ? String(claimsOf(boris())["sub"]) : word;
    });
    done(bench.nsc(program, ...words));
  }
}

function recordedTree(): Tree {
  return JSON.parse(readFileSync(RECORD, "utf8")) as Tree;
}

/** Paths with the kinds of keys in place of the keys, and modes. */
function shape(tree: Tree): string[] {
  const lines = Object.entries(tree).map(([path, { mode }]) => `${mode} ${path}`);
  const shapes = lines.map((line) =>
    line.replace(/keys\/([AOUX])\/..\/[A-Z2-7]{56}\.nk/, "keys/$1/…"),
  );
  return shapes.filter((line) => !line.endsWith("nsc.json")).sort();
}

const tests = nscProgram === undefined ? test.skip : test;

describe("a tree that nsc made (SA-35)", () => {
  tests(`nsc makes the shape that is recorded${withoutNsc}`, { timeout: 60_000 }, () => {
    const bench = new Bench();
    makeWithNsc(bench, nscProgram as string);
    const tree = readTree(bench.home);
    if (process.env["WEFT_RECORD_NSC"] === "1") {
      // nsc notes where it stands.
      const text = JSON.stringify(tree, undefined, 2).replaceAll(bench.home, "/nsc");
      writeFileSync(RECORD, `${text}\n`);
    }
    expect(shape(tree)).toEqual(shape(recordedTree()));
  });

  test("weftctl finds nothing wrong with it and reads all of it", async () => {
    const bench = new Bench();
    bench.nowMs = NOW;
    bench.layOut(recordedTree());
    const findings = await bench.json<{ level: string }[]>("validate");
    expect(findings.filter(({ level }) => level !== "warning")).toEqual([]);
    const accounts = await bench.json<{ name: string }[]>("list", "accounts");
    expect(accounts.map(({ name }) => name)).toEqual(["MILL", "SHIP", "SYS"]);
    const keys = await bench.json<{ stored: boolean }[]>("list", "keys");
    expect(keys.length).toBe(13);
    expect(keys.filter(({ stored }) => !stored)).toEqual([]);
    expect(await bench.done("describe", "account", "MILL")).toContain("forge.{{name()}}.>");
  });

  test("what weftctl edits has nsc's layout and modes, and the rest stays byte for byte", async () => {
    const bench = new Bench();
    bench.nowMs = NOW;
    const before = recordedTree();
    bench.layOut(before);
    await bench.done("add", "user", "carl", "-a", "MILL", "-K", "smith");
    await bench.done("edit", "account", "MILL", "--conns", "60");
    const after = readTree(bench.home);
    const changed = Object.keys(after).filter((path) => after[path]?.text !== before[path]?.text);
    const carl = claimsOf(after["WORKS/accounts/MILL/users/carl.jwt"]!.text);
    const key = String(carl["sub"]);
    expect(changed).toEqual([
      "WORKS/accounts/MILL/MILL.jwt",
      "WORKS/accounts/MILL/users/carl.jwt",
      "creds/WORKS/MILL/carl.creds",
      `keys/U/${key.slice(1, 3)}/${key}.nk`,
    ]);
    expect(changed.map((path) => after[path]?.mode)).toEqual(["600", "600", "600", "600"]);
    expect(folderModes(bench.home)).toEqual(["700"]);
    // Only the limit has changed, and what says when it was signed.
    const old = claimsOf(before["WORKS/accounts/MILL/MILL.jwt"]!.text);
    const now = claimsOf(after["WORKS/accounts/MILL/MILL.jwt"]!.text) as typeof old;
    const nats = old["nats"] as { limits: object };
    expect(now).toEqual({
      ...old,
      iat: NOW / 1_000,
      jti: now["jti"],
      nats: { ...nats, limits: { ...nats.limits, conn: 60 } },
    });
  });

  tests(`nsc goes on with what weftctl edited${withoutNsc}`, { timeout: 60_000 }, () => {
    const program = nscProgram as string;
    const bench = new Bench();
    makeWithNsc(bench, program);
    done(bench.spawn("edit", "account", "MILL", "--conns", "60", "--sk", "generate"));
    done(bench.spawn("add", "user", "carl", "-a", "MILL", "-K", "smith", "--tag", "x:y"));
    done(bench.spawn("edit", "user", "boris", "-a", "SHIP", "--allow-sub", "c"));
    done(bench.spawn("delete", "user", "anna", "-a", "MILL", "--revoke", "--rm-creds"));
    expect(done(bench.nsc(program, "validate", "-A")).match(/No issues found/g)).toHaveLength(4);
    const account = done(bench.nsc(program, "describe", "account", "MILL", "--json"));
    expect(JSON.parse(account)).toMatchObject({ nats: { limits: { conn: 60 } } });
    expect(done(bench.nsc(program, "describe", "user", "-a", "MILL", "carl"))).toContain("x:y");
    expect(done(bench.nsc(program, "list", "users", "-a", "MILL"))).not.toContain("anna");
  });
});

describe("a tree that weftctl made (SA-35)", () => {
  async function make(bench: Bench): Promise<void> {
    for (const line of NSC_COMMANDS.filter((it) => !it.includes("{boris}"))) {
      done(bench.spawn(...line.split(" ")));
    }
    await bench.done("edit", "authcallout", "-a", "SHIP", "--auth-user", "boris", "-x", "generate");
  }

  test("has the layout and the modes of nsc's", async () => {
    const bench = new Bench();
    await make(bench);
    expect(shape(readTree(bench.home))).toEqual(shape(recordedTree()));
    expect(folderModes(bench.home)).toEqual(["700"]);
  });

  tests(
    `nsc validates it, describes it and adds to it${withoutNsc}`,
    { timeout: 60_000 },
    async () => {
      const program = nscProgram as string;
      const bench = new Bench();
      await make(bench);
      expect(done(bench.nsc(program, "validate", "-A")).match(/No issues found/g)).toHaveLength(4);
      expect(done(bench.nsc(program, "describe", "operator"))).toContain("WORKS");
      expect(done(bench.nsc(program, "describe", "account", "MILL"))).toContain("smith");
      done(bench.nsc(program, "add", "user", "-a", "MILL", "-n", "dora", "-K", "smith"));
      done(bench.nsc(program, "edit", "account", "-n", "MILL", "--conns", "70"));
      done(bench.nsc(program, "generate", "creds", "-a", "MILL", "-n", "anna"));
      const list = done(bench.nsc(program, "list", "keys", "--all"));
      expect(list.match(/\*/g)?.length).toBeGreaterThanOrEqual(14);
      const users = await bench.json<{ name: string }[]>("list", "users", "-a", "MILL");
      expect(users.map(({ name }) => name)).toEqual(["anna", "dora"]);
      const { out } = bench.spawn("validate");
      expect(out).toBe("no findings\n");
    },
  );
});
