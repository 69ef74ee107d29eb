// The same commands given to nsc and to weftctl make the same claims. What nsc made is recorded, so
// that no Go is needed; where nsc is at hand, the record is compared with it first.
// WEFT_RECORD_NSC=1 records anew.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Bench, type Outcome } from "./testing/bench.ts";
import { nscProgram, withoutNsc } from "./testing/nsc-program.ts";
import { STORY } from "./testing/story.ts";
import { claimsOf, KeyNames, readTree } from "./testing/tree.ts";

const RECORD = fileURLToPath(new URL("testdata/nsc-story.json", import.meta.url));

/** A command of the story with keys and folder in place. */
function wordsOf(bench: Bench, line: string): string[] {
  const tree = existsSync(bench.home) ? readTree(bench.home) : {};
  return line.split(" ").map((word) =>
    word
      .replace("{FOLDER}", bench.folder)
      .replace(/\{([A-Z]+)(?:\/([a-z]+))?\}/, (_all, account: string, user?: string) => {
        const file = user === undefined ? `${account}.jwt` : `users/${user}.jwt`;
        return String(claimsOf(tree[`ACME/accounts/${account}/${file}`]?.text ?? "")["sub"]);
      }),
  );
}

/** All claims after the story, by file. */
async function play(bench: Bench, run: (words: string[]) => Outcome | Promise<Outcome>) {
  for (const line of STORY) {
    const { code, out, error } = await run(wordsOf(bench, line));
    expect(code, `${line}: ${error}${out}`).toBe(0);
  }
  const names = new KeyNames();
  const tokens = Object.entries(readTree(bench.home)).filter(([path]) => path.endsWith(".jwt"));
  // Keys are named in the order of what names them: the operator first.
  const claims = tokens.map(([path, { text }]) => [path, claimsOf(text)] as const);
  return Object.fromEntries(claims.map(([path, it]) => [path, withoutActivation(names, it)]));
}

/** The activation inside an import is a token of its own. */
function withoutActivation(names: KeyNames, claims: Record<string, unknown>): unknown {
  const nats = claims["nats"] as { imports?: { token?: string }[] };
  for (const it of nats.imports ?? []) {
    if (it.token !== undefined) Object.assign(it, { token: names.named(claimsOf(it.token)) });
  }
  return names.named(claims);
}

function recorded(): unknown {
  return JSON.parse(readFileSync(RECORD, "utf8")) as unknown;
}

describe("the same commands to nsc and to weftctl (SA-35)", () => {
  test.skipIf(nscProgram === undefined)(
    `nsc makes what is recorded${withoutNsc}`,
    { timeout: 60_000 },
    async () => {
      const bench = new Bench();
      const made = await play(bench, (words) => bench.nsc(nscProgram as string, ...words));
      if (process.env["WEFT_RECORD_NSC"] === "1") {
        writeFileSync(RECORD, `${JSON.stringify(made, undefined, 2)}\n`);
      }
      expect(made).toEqual(recorded());
    },
  );

  test("weftctl makes the same claims", async () => {
    const bench = new Bench();
    expect(await play(bench, (words) => bench.run(...words))).toEqual(recorded());
  });
});
