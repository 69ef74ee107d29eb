import { describe, expect, it } from "vitest";
import { drawChart } from "./chart.ts";
import { judge } from "./judge.ts";
import { readOptions } from "./options.ts";
import type { RowFigures } from "./row.ts";
import { chooseRows, rows } from "./rows/index.ts";
import { commandLine } from "./server-process.ts";
import { median } from "./statistics.ts";

const row = chooseRows(["1-1 16"])[0]!;

function runsOf(reference: (RowFigures | string)[], weft: (RowFigures | string)[]) {
  return new Map([
    ["reference", reference],
    ["weft", weft],
  ]);
}

const slow = { throughput: 1e6, cpuNs: 100 };

describe("judge", () => {
  it("takes the median of the ratios within pairs", () => {
    const reference = [slow, { throughput: 4e6, cpuNs: 400 }, slow];
    const weft = [
      { throughput: 2e6, cpuNs: 50 },
      { throughput: 8e6, cpuNs: 200 },
      { throughput: 1e6, cpuNs: 50 },
    ];
    const [throughput, cpu] = judge(row, runsOf(reference, weft));
    expect(throughput?.value).toBe(2);
    expect(throughput?.verdict).toBe("PASS");
    expect(throughput?.goalMet).toBe(true);
    expect(cpu?.value).toBe(0.5);
  });

  it("tells the goal, the limit and below apart", () => {
    const verdicts = [2.1, 1.8, 1.6].map((factor) => {
      const fast = { throughput: factor * 1e6, cpuNs: 70 };
      return judge(row, runsOf([slow], [fast])).map((result) => [result.verdict, result.goalMet]);
    });
    expect(verdicts.map((list) => list[0])).toEqual([
      ["PASS", true],
      ["PASS", false],
      ["BELOW", false],
    ]);
    expect(verdicts[0]?.[1]).toEqual(["PASS", false]);
  });

  it("leaves a failed pair out, and fails a row in which all failed", () => {
    const fast = { throughput: 3e6, cpuNs: 30 };
    expect(judge(row, runsOf([slow, "lost"], [fast, fast]))[0]?.value).toBe(3);
    const failed = judge(row, runsOf([slow], ["lost bytes"]));
    expect(failed.map(({ verdict }) => verdict)).toEqual(["FAILED", "FAILED"]);
  });

  it("judges nothing that needs a side which was not measured", () => {
    expect(judge(row, new Map([["weft", [slow]]]))).toEqual([]);
  });
});

describe("median", () => {
  it("is the middle, or between the two middles", () => {
    expect(median([3, 1, 2])).toBe(2);
    expect(median([4, 1, 2, 3])).toBe(2.5);
    expect(median([1, Number.NaN])).toBe(1);
    expect(median([])).toBeNaN();
  });
});

describe("rows", () => {
  it("have names of their own, and criteria over sides that exist", () => {
    expect(new Set(rows.map(({ name }) => name)).size).toBe(rows.length);
    for (const { sides, criteria } of rows) {
      const ids = sides.map(({ id }) => id);
      expect(new Set(ids).size).toBe(ids.length);
      for (const { of, over } of criteria) {
        expect(ids).toContain(of);
        if (over !== undefined) expect(ids).toContain(over);
      }
    }
  });

  it("are chosen by name, group or name with blanks, and unknown ones refused", () => {
    expect(chooseRows(["pub 16"]).map(({ name }) => name)).toEqual(["pub-16"]);
    expect(chooseRows(["tls"])).toHaveLength(2);
    expect(chooseRows([])).toHaveLength(rows.length);
    expect(() => chooseRows(["nothing"])).toThrow(/no row or group/);
  });
});

describe("commandLine", () => {
  const server = { text: "server", takesWorkers: true };

  it("puts the flags of nats-server behind a plain command", () => {
    const words = commandLine(server, { port: 5, workers: 2, configFile: "a.conf" });
    expect(words?.join(" ")).toBe("server -a 127.0.0.1 -p 5 --workers 2 -c a.conf");
    const plain = commandLine({ ...server, takesWorkers: false }, { port: 5, workers: 2 });
    expect(plain?.join(" ")).toBe("server -a 127.0.0.1 -p 5");
  });

  it("fills in places, and refuses a file where there is none for it", () => {
    const template = { text: "run {port} {workers} {config}", takesWorkers: true };
    expect(commandLine(template, { port: 5 })?.join(" ")).toBe("run 5 1");
    expect(commandLine(template, { port: 5, configFile: "f" })?.join(" ")).toBe("run 5 1 -c f");
    const narrow = { text: "run {port}", takesWorkers: true };
    expect(commandLine(narrow, { port: 5, configFile: "f" })).toBeUndefined();
  });
});

describe("readOptions", () => {
  it("has defaults and refuses what makes no sense", () => {
    expect(readOptions([])).toMatchObject({ pairs: 5, seconds: 2, rows: [], isRecorded: true });
    expect(() => readOptions(["--pairs", "0"])).toThrow(/--pairs/);
    expect(() => readOptions(["--seconds", "many"])).toThrow(/--seconds/);
    expect(() => readOptions(["--unknown"])).toThrow();
  });
});

describe("drawChart", () => {
  it("draws one bar per compared row, and nothing for none", () => {
    const runs = runsOf([slow], [{ throughput: 2.5e6, cpuNs: 30 }]);
    const chart = drawChart([{ row, runs, criteria: judge(row, runs) }], "a < b");
    expect(chart).toContain("2.50×");
    expect(chart).toContain("a &lt; b");
    expect(drawChart([], "")).toBeUndefined();
  });
});
