// Numbers, durations and points of time as people write them.
import { describe, expect, test } from "vitest";
import { Arguments } from "./arguments.ts";
import { Failure } from "./failure.ts";
import { durationMs, formatTime, numberValue, pointOfTime, revocationTime } from "./values.ts";

const NOW = Date.UTC(2026, 0, 31, 12, 0, 0);

function words(value: string): Arguments {
  const option = { name: "at", value: "X", help: "" };
  return new Arguments([option], new Map([["at", [value]]]));
}

describe("values", () => {
  test("numbers with units", () => {
    const numbers: Record<string, number> = {
      "-1": -1,
      "0": 0,
      "1,000": 1_000,
      "1k": 1_000,
      "1.5M": 1_500_000,
      "64KiB": 65_536,
      "64 kib": 65_536,
      "2gi": 2_147_483_648,
      "1TB": 1e12,
    };
    for (const [text, value] of Object.entries(numbers)) {
      expect([text, numberValue(words(text), "at")]).toEqual([text, value]);
    }
    for (const text of ["", "x", "1x", "1..2", "--1", "9999999999t", "0x10"]) {
      expect(() => numberValue(words(text), "at"), text).toThrow(Failure);
    }
  });

  test("durations", () => {
    expect(durationMs(words("1m30s"), "at")).toBe(90_000);
    for (const text of ["", "5", "-5s", "5 s"]) {
      expect(() => durationMs(words(text), "at"), text).toThrow(Failure);
    }
  });

  test("points of time", () => {
    const times: Record<string, string> = {
      "2027-01-31": "2027-01-31 00:00:00 UTC",
      "2027-01-31 08:09:10 UTC": "2027-01-31 08:09:10 UTC",
      "2027-01-31T08:09:10Z": "2027-01-31 08:09:10 UTC",
      "30m": "2026-01-31 12:30:00 UTC",
      "-1h": "2026-01-31 11:00:00 UTC",
      "2d": "2026-02-02 12:00:00 UTC",
      "1w": "2026-02-07 12:00:00 UTC",
      "12M": "2027-01-31 12:00:00 UTC",
      "1y": "2027-01-31 12:00:00 UTC",
      "0": "",
      "0d": "",
    };
    for (const [text, shown] of Object.entries(times)) {
      expect([text, formatTime(pointOfTime(text, "expiry", NOW))]).toEqual([text, shown]);
    }
    for (const text of ["x", "5", "1.5d", "2027-13-01", "2027-02-30", "5s", "9999999y"]) {
      expect(() => pointOfTime(text, "expiry", NOW), text).toThrow(/--expiry/);
    }
  });

  test("times of revocation are seconds or dates; 0 is now", () => {
    expect(revocationTime(words("1700000000"), NOW)).toBe(1_700_000_000);
    expect(revocationTime(words("0"), NOW)).toBe(NOW / 1_000);
    expect(revocationTime(words("2026-01-30"), NOW)).toBe(NOW / 1_000 - 129_600);
  });
});
