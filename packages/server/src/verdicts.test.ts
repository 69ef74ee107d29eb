// `-t` of Weft beside `-t` of nats-server, on many small configurations (CF, CK, AN, AZ, AC, SU and TL
// rows). The reference's verdicts are recorded; where a recorded version is installed, it is asked.
// Test.
import { spawn, spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { formatProblem } from "@weft/config";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { checkConfig } from "./check-config.ts";
import { FILE_SOURCE, sha256Hex } from "./file-source.ts";
import { VERDICTS } from "./testdata/verdicts/index.ts";
import type { ReferenceVersion, Verdict } from "./testdata/verdicts/verdict.ts";

const CERTIFICATES = fileURLToPath(new URL("../../net/testdata", import.meta.url));
const PROGRAM = process.env["WEFT_REFERENCE_SERVER"] ?? "nats-server";
/** Processes of the reference at a time; each takes some milliseconds. */
const PARALLEL = 3;
const folder = mkdtempSync(join(tmpdir(), "weft-verdicts-"));

beforeAll(() => VERDICTS.forEach(write));
afterAll(() => rmSync(folder, { recursive: true }));

const pathOf = (index: number): string => join(folder, String(index), "test.conf");

function write({ text, files = {} }: Verdict, index: number): void {
  mkdirSync(join(folder, String(index)));
  writeFileSync(pathOf(index), text.replaceAll("{certs}", CERTIFICATES));
  for (const [name, content] of Object.entries(files)) {
    writeFileSync(join(folder, String(index), name), content);
  }
}

/** The recorded version that is on this machine. */
function installedVersion(): ReferenceVersion | undefined {
  const { stdout } = spawnSync(PROGRAM, ["-v"], { encoding: "utf8" });
  const version = /\bv(\d\S*)/.exec(stdout ?? "")?.[1];
  return version === "2.9.10" || version === "2.14.0" ? version : undefined;
}

function askReference(index: number, { environment }: Verdict): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const child = spawn(PROGRAM, ["-t", "-c", pathOf(index)], {
      env: { ...process.env, ...environment },
      stdio: "ignore",
    });
    child.once("error", reject);
    child.once("exit", (code) => resolve(code === 0));
  });
}

async function askAll(): Promise<boolean[]> {
  const answers: boolean[] = [];
  let next = 0;
  const ask = async (): Promise<void> => {
    for (let index = next++; index < VERDICTS.length; index = next++) {
      answers[index] = await askReference(index, VERDICTS[index] as Verdict);
    }
  };
  await Promise.all(Array.from({ length: PARALLEL }, ask));
  return answers;
}

describe("verdicts of -t (FL-02)", () => {
  test.each(VERDICTS.map((verdict, index) => [verdict.row, verdict.text, verdict, index] as const))(
    "%s %j",
    (_row, _text, { valid, environment = {} }, index) => {
      const source = {
        ...FILE_SOURCE,
        environment: (name: string) =>
          Object.hasOwn(environment, name) ? environment[name] : FILE_SOURCE.environment(name),
      };
      const checked = checkConfig(pathOf(index), source, { sha256Hex });
      expect(checked).toMatchObject({ isValid: valid });
      if (valid) return;
      // CF-15: each finding has its place.
      expect(checked.problems.length).toBeGreaterThan(0);
      for (const problem of checked.problems) {
        expect(formatProblem(problem)).toMatch(/^[^\n]+:\d+:\d+: ./);
      }
    },
  );

  it("are many, half of them refusals; every difference has a reason", () => {
    expect(VERDICTS.length).toBeGreaterThanOrEqual(600);
    expect(VERDICTS.filter(({ valid }) => !valid).length).toBeGreaterThanOrEqual(300);
    const keys = VERDICTS.map(({ text, files, environment }) =>
      JSON.stringify([text, files, environment]),
    );
    expect(new Set(keys).size).toBe(keys.length);
    for (const { valid, reference, reason, text } of VERDICTS) {
      const agrees = Object.values(reference).every((verdict) => verdict === valid);
      expect([text, reason === undefined]).toEqual([text, agrees]);
    }
  });

  // Without one of the recorded versions the records stand for it: the tests above hold Weft to them.
  const version = installedVersion();
  const why = version === undefined ? " [skipped: neither 2.9.10 nor 2.14.0 is here]" : "";
  it.skipIf(why !== "")(
    `are those of the installed nats-server${why}`,
    { timeout: 120_000 },
    async () => {
      const answers = await askAll();
      const wrong = answers.flatMap((answer, index) => {
        const { text, reference } = VERDICTS[index] as Verdict;
        const recorded = reference[version as ReferenceVersion];
        return recorded === "either" || recorded === answer ? [] : [{ text, answer, recorded }];
      });
      expect(wrong).toEqual([]);
      expect(answers.length).toBe(VERDICTS.length);
    },
  );
});
