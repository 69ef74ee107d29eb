// Looking for the exports that decide about an import: as in a plain list, at a bounded price also where
// imports and exports are made to be dear.
import { createPrng } from "@weft/base";
import { subjectIsSubsetMatch } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import type { ExportClaim, ImportClaim } from "../claims/claims.ts";
import { newAccountClaims, newExport, newImport } from "../claims/new-claims.ts";
import { verifier } from "../testing/reading.ts";
import { publicKey } from "../testing/test-keys.ts";
import { accountSpec } from "./account-spec.ts";
import { ExportIndex, ExportIndexes } from "./export-index.ts";
import type { TrustedAccount } from "./trusted-account.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
const [HUB, ASKING, CALM] = [0, 1, 2].map((at) => publicKey("account", at)) as [
  string,
  string,
  string,
];

function threadMs(): number {
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1_000;
}

function trusted(
  key: string,
  exports: readonly ExportClaim[],
  imports: readonly ImportClaim[] = [],
): TrustedAccount {
  const claims = newAccountClaims(key);
  return {
    key,
    claims: { ...claims, nats: { ...claims.nats, exports, imports } },
    signers: new Map(),
    findings: [],
  };
}

function importOf(subject: string, account = HUB): ImportClaim {
  return newImport("service", subject, account);
}

/** Each of two tokens at each of some places, and something behind that nobody asks for. */
function storm(places: number): string[] {
  let starts = [""];
  for (let at = 0; at < places; at += 1) {
    starts = starts.flatMap((start) => [`${start}a.`, `${start}*.`]);
  }
  return starts.map((start, at) => `${start}only${at}`);
}

/** Pairs of tokens, each `*.a` or `a.*`: all take in one literal, and none another of them. */
function rivals(pairs: number): string[] {
  let starts = [""];
  for (let at = 0; at < pairs; at += 1) {
    starts = starts.flatMap((start) => [`${start}*.a.`, `${start}a.*.`]);
  }
  return starts.map((start) => start.slice(0, -1));
}

describe("AC-50, AC-52: exports that decide", () => {
  test("are those of a plain list", () => {
    const prng = createPrng(52);
    const token = (): string => ["a", "b", "*", "c"][prng.below(4)] as string;
    const subject = (): string => {
      const tokens = Array.from({ length: 1 + prng.below(3) }, token);
      return [...tokens, ...(prng.below(4) === 0 ? [">"] : [])].join(".");
    };
    let found = 0;
    for (let round = 0; round < 2_000; round += 1) {
      const exports = Array.from({ length: prng.below(20) }, () =>
        newExport(prng.below(2) === 0 ? "stream" : "service", subject()),
      );
      const index = new ExportIndex(exports);
      const wanted = subject();
      const ofKind = exports.filter(({ type }) => type === "stream");
      const exact = ofKind.filter((one) => one.subject === wanted);
      const covering = ofKind.filter((one) => subjectIsSubsetMatch(wanted, one.subject));
      const narrowest = covering.filter(
        ({ subject }) =>
          !covering.some(
            (two) => two.subject !== subject && subjectIsSubsetMatch(two.subject, subject),
          ),
      );
      const expected = exact.length > 0 ? exact : narrowest;
      expect(index.deciding("stream", wanted, { stepsLeft: 1_000 })).toEqual(expected);
      found += expected.length;
    }
    expect(found).toBeGreaterThan(500);
  });

  test("of one subject decide together, whether it is what is wanted or takes it in", () => {
    const twice = [newExport("stream", "s.*"), newExport("stream", "s.*")];
    const index = new ExportIndex([...twice, newExport("stream", ">")]);
    for (const wanted of ["s.*", "s.x"]) {
      expect(index.deciding("stream", wanted, { stepsLeft: 1_000 })).toEqual(twice);
    }
  });

  test("attack 45: those among which none is the narrowest are not compared without end", () => {
    const index = new ExportIndex(rivals(8).map((one) => newExport("service", one)));
    const wanted = "a.".repeat(16).slice(0, -1);
    expect(index.deciding("service", wanted, { stepsLeft: 1_000_000 })).toHaveLength(256);
    expect(index.deciding("service", wanted, { stepsLeft: 60_000 })).toBeUndefined();
  });

  test("attack 45: the exports of an account are sorted once, however often they are asked for", () => {
    let passes = 0;
    class Exports extends Array<ExportClaim> {
      override [Symbol.iterator](): ArrayIterator<ExportClaim> {
        passes += 1;
        return super[Symbol.iterator]();
      }
    }
    const hub = trusted(HUB, Exports.from([newExport("service", "s.*")]));
    const asking = trusted(ASKING, [], [importOf("s.1")]);
    passes = 0;
    for (let count = 0; count < 3; count += 1) {
      const made = accountSpec(asking, () => hub, NOW_MS, verifier, new ExportIndexes());
      expect(made.problems).toEqual([]);
    }
    expect(passes).toBe(1);
  });

  test("of 20,000 exports, for 20,000 imports, cost little more than the lists themselves", () => {
    const count = 20_000;
    const literals = Array.from({ length: count }, (_, at) => newExport("service", `s.${at}`));
    const hub = trusted(HUB, [...literals, newExport("service", "w.*.x")]);
    const imports = Array.from({ length: count }, (_, at) =>
      importOf(at % 2 === 0 ? `s.${at}` : `w.${at}.x`),
    );
    const started = threadMs();
    const made = accountSpec(trusted(ASKING, [], imports), () => hub, NOW_MS, verifier);
    expect(threadMs() - started).toBeLessThan(5_000);
    expect(made.problems).toEqual([]);
    expect(made.spec.imports).toHaveLength(count);
  });

  test("attack 45: exports that are dear to look through keep out no import from others", () => {
    const hub = trusted(HUB, [...storm(12).map((one) => newExport("service", one))]);
    const calm = trusted(CALM, [newExport("service", "p.*")]);
    const asked = `${"a.".repeat(12)}other`;
    const dear = Array.from({ length: 200 }, (_, at) => importOf(`${asked}${at}`));
    const asking = trusted(ASKING, [], [...dear, importOf("p.x", CALM)]);
    const find = (key: string): TrustedAccount => (key === HUB ? hub : calm);
    const { spec, problems } = accountSpec(asking, find, NOW_MS, verifier);
    expect(spec.imports?.map(({ subject }) => subject)).toEqual(["p.x"]);
    expect(problems.map(({ subject }) => subject)).toEqual(dear.map(({ subject }) => subject));
    expect(problems.at(-1)?.problem).toBe("too many exports to look through");
  });

  test("an export of which nobody can tell in time is none, and asked for again", () => {
    const hub = trusted(HUB, [...storm(12).map((one) => newExport("service", one))]);
    const asked = `${"a.".repeat(12)}other`;
    const imports = Array.from({ length: 2_000 }, (_, at) => importOf(`${asked}${at}`));
    const asking = trusted(ASKING, [], imports);
    const exports = new ExportIndexes();
    const started = threadMs();
    const made = [0, 1, 2, 3, 4].map(() =>
      accountSpec(asking, () => hub, NOW_MS, verifier, exports),
    );
    expect(threadMs() - started).toBeLessThan(1_500);
    for (const { spec, problems } of made) {
      expect(spec.imports).toEqual([]);
      expect(problems.at(-1)?.problem).toBe("too many exports to look through");
    }
    expect(made[0]?.problems[0]?.problem).toBe("not exported");
    // By itself it has no better chance; those behind it may have.
    expect(made[0]?.validUntilMs).toBeUndefined();
    expect(made[4]?.validUntilMs).toBe(NOW_MS + 1_000);
  });
});
