// Constants that stand in several modules on purpose, because V8 folds those of the same module only:
// all copies have one value. Reads the repository; starts nothing.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { listFiles, repositoryRoot } from "./tidy/source-file.ts";

const BROKER = "packages/broker/src";
const PROTOCOL = "packages/protocol/src";

/** Each list is one value; a name may be one of several in its module. */
const COPIES: Readonly<Record<string, readonly (readonly [path: string, name: string])[]>> = {
  "slots of the plan cache": [
    [`${BROKER}/publish/plan-cache.ts`, "SLOT_MASK"],
    [`${BROKER}/session/client-session.ts`, "HIT_SLOT_MASK"],
  ],
  "bodies that are shared": [
    [`${BROKER}/deliver/deliverer.ts`, "SHARED_BODY_BYTES"],
    [`${BROKER}/deliver/frame-inbox.ts`, "HIT_BODY_BYTES"],
    [`${BROKER}/session/client-session.ts`, "HIT_BODY_BYTES"],
  ],
  "digits of a size": [
    [`${PROTOCOL}/client/grammar.ts`, "SIZE_DIGITS_MAX"],
    [`${PROTOCOL}/client/parser.ts`, "SIZE_DIGITS_MAX"],
  ],
  "prime of FNV-1a": [
    [`${PROTOCOL}/hash.ts`, "FNV_PRIME"],
    [`${PROTOCOL}/client/parser.ts`, "FNV_PRIME"],
    ["packages/subjects/src/transform-functions.ts", "FNV_PRIME"],
  ],
};

/** The value of a constant of integers, of `<<`, `*`, `-` and of other such constants. */
function constantOf(source: string, name: string): number {
  const [, text] = new RegExp(`^(?:export )?const ${name} = ([^;\\n]+);$`, "m").exec(source) ?? [];
  if (text === undefined) throw new Error(`there is no constant ${name}`);
  const plain = text.replaceAll("_", "");
  if (/^0x[0-9a-f]+$/i.test(plain) || /^\d+$/.test(plain)) return Number(plain);
  const shifted = /^\(?(\d+) << (\d+)\)?( - 1)?$/.exec(plain);
  if (shifted !== null) {
    return Number(shifted[1]) * 2 ** Number(shifted[2]) - (shifted[3] === undefined ? 0 : 1);
  }
  const product = /^(\d+) \* (\d+)$/.exec(plain);
  if (product !== null) return Number(product[1]) * Number(product[2]);
  const lessOne = /^([A-Z_]+) - 1$/.exec(text);
  if (lessOne?.[1] !== undefined) return constantOf(source, lessOne[1]) - 1;
  throw new Error(`${name} = ${text} cannot be read`);
}

test.each(Object.entries(COPIES))("%s: all copies are equal", (_, copies) => {
  const values = copies.map(([path, name]) =>
    constantOf(readFileSync(join(repositoryRoot, path), "utf8"), name),
  );
  expect(values[0]).toBeGreaterThan(0);
  expect(new Set(values).size, `${copies.join("; ")}: ${values}`).toBe(1);
});

test("no other module has a copy", () => {
  const names = new Set(Object.values(COPIES).flatMap((list) => list.map(([, name]) => name)));
  const known = new Set(Object.values(COPIES).flatMap((list) => list.map(String)));
  const declared = new RegExp(`^(?:export )?const (${[...names].join("|")}) =`, "gm");
  const sources = listFiles("packages", (path) => /\/src\/.*\.ts$/.test(path));
  const found = sources.flatMap(({ path, text }) =>
    [...text.matchAll(declared)].map(([, name]) => `${path},${name}`),
  );
  expect(found.filter((copy) => !known.has(copy))).toEqual([]);
  expect(found.length).toBe(known.size);
});

test("values are read as they are written", () => {
  const source = "const A = 0x10;\nconst B = 8 * 1_024;\nconst C = 1 << 4;\nconst D = C - 1;\n";
  const read = [..."ABCD"].map((name) => constantOf(source, name));
  expect(read).toEqual([16, 8192, 16, 15]);
  expect(constantOf("const E = (1 << 16) - 1;\n", "E")).toBe(65_535);
  expect(() => constantOf(source, "X")).toThrow();
});
