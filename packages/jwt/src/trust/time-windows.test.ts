// Times of day, with changes of the clock. The results for changes are those of the reference.
import { describe, expect, test } from "vitest";
import { isClockTime, timesVerdict, timeZoneProblem } from "./time-windows.ts";

const at = (text: string) => Date.parse(text);
const range = (text: string) => {
  const [start = "", end = ""] = text.split("-");
  return { start, end };
};

function until(ranges: string, zone: string, now: string): string {
  const verdict = timesVerdict(ranges.split(",").map(range), zone, "UTC", at(now));
  if (!verdict.allowed) return "refused";
  return verdict.untilMs === undefined ? "no end" : new Date(verdict.untilMs).toISOString();
}

describe("AN-50: times", () => {
  test.each([
    ["08:00:00-18:00:00", "", "2026-06-01T12:00:00Z", "2026-06-01T18:00:00.000Z"],
    ["08:00:00-18:00:00", "", "2026-06-01T08:00:00Z", "refused"],
    ["08:00:00-18:00:00", "", "2026-06-01T08:00:00.001Z", "2026-06-01T18:00:00.000Z"],
    ["08:00:00-18:00:00", "", "2026-06-01T18:00:00Z", "refused"],
    ["22:00:00-06:00:00", "", "2026-06-01T23:30:00Z", "2026-06-02T06:00:00.000Z"],
    ["22:00:00-06:00:00", "", "2026-06-01T05:00:00Z", "2026-06-01T06:00:00.000Z"],
    ["22:00:00-06:00:00", "", "2026-06-01T12:00:00Z", "refused"],
    ["12:00:00-12:00:00", "", "2026-06-01T12:00:00Z", "refused"],
    ["08:00:00-12:00:00,11:00:00-13:00:00", "", "2026-06-01T11:30:00Z", "2026-06-01T13:00:00.000Z"],
    ["08:00:00-18:00:00", "Europe/Berlin", "2026-06-01T16:30:00Z", "refused"],
    ["08:00:00-18:00:00", "America/New_York", "2026-06-01T16:30:00Z", "2026-06-01T22:00:00.000Z"],
    ["08:00:00-18:00:00", "No/Where", "2026-06-01T12:00:00Z", "refused"],
    ["08:00:00-25:00:00", "", "2026-06-01T12:00:00Z", "refused"],
  ])("%s in %j at %s: %s", (ranges, zone, now, expected) => {
    expect(until(ranges, zone, now)).toBe(expected);
  });

  test.each([
    // 02:30 does not exist on that day.
    ["01:00:00-02:30:00", "Europe/Berlin", "2026-03-29T00:30:00Z", "2026-03-29T01:30:00.000Z"],
    // 02:30 exists twice.
    ["01:00:00-02:30:00", "Europe/Berlin", "2026-10-24T23:30:00Z", "2026-10-25T01:30:00.000Z"],
    ["22:00:00-06:00:00", "Europe/Berlin", "2026-10-24T22:00:00Z", "2026-10-25T05:00:00.000Z"],
    ["22:00:00-06:00:00", "Europe/Berlin", "2026-03-28T22:00:00Z", "2026-03-29T04:00:00.000Z"],
  ])("the clock is changed: %s in %s at %s: %s", (ranges, zone, now, expected) => {
    expect(until(ranges, zone, now)).toBe(expected);
  });

  test("no times = always", () => {
    expect(timesVerdict([], "", "UTC", 0)).toEqual({ allowed: true, untilMs: undefined });
    expect(timesVerdict(undefined, "x", "UTC", 0)).toMatchObject({ allowed: true });
  });

  test("the server's own zone counts where none is named", () => {
    const times = [range("08:00:00-18:00:00")];
    const now = at("2026-06-01T23:30:00Z");
    expect(timesVerdict(times, "", "Asia/Tokyo", now)).toMatchObject({ allowed: true });
    expect(timesVerdict(times, "Local", "Asia/Tokyo", now)).toMatchObject({ allowed: true });
    expect(timesVerdict(times, "UTC", "Asia/Tokyo", now)).toEqual({ allowed: false });
  });

  test("A57: a list is gone through once in a second, and never beyond it", () => {
    let reads = 0;
    const counted = {
      get start() {
        reads += 1;
        return "08:00:00";
      },
      end: "18:00:00",
    };
    const times = [counted];
    const verdicts = (text: string, ...offsets: number[]) =>
      offsets.map((ms) => timesVerdict(times, "", "UTC", at(text) + ms).allowed);
    expect(verdicts("2026-06-01T08:00:00Z", -999, -1, 0, 1, 999)).toEqual([
      false,
      false,
      false,
      true,
      true,
    ]);
    expect(reads).toBe(3);
    expect(verdicts("2026-06-01T18:00:00Z", -1, 0, 1)).toEqual([true, false, false]);
    expect(timesVerdict(times, "", "Asia/Tokyo", at("2026-06-01T18:00:00.001Z")).allowed).toBe(
      false,
    );
    expect(
      timesVerdict(times, "", "America/New_York", at("2026-06-01T18:00:00.001Z")).allowed,
    ).toBe(true);
  });

  test("what is a time, and what is a zone", () => {
    for (const text of ["00:00:00", "8:00:00", "23:59:59", "08:00:00.5"]) {
      expect(isClockTime(text), text).toBe(true);
    }
    for (const text of ["", "24:00:00", "12:60:00", "12:00", "1:2:3", "12:00:00Z", " 12:00:00"]) {
      expect(isClockTime(text), text).toBe(false);
    }
    expect(timeZoneProblem("")).toBeUndefined();
    expect(timeZoneProblem("Europe/Berlin")).toBeUndefined();
    expect(timeZoneProblem("Mars/Base")).toBe("unknown time zone Mars/Base");
    expect(timeZoneProblem("+01:00")).toBe("unknown time zone +01:00");
    expect(timeZoneProblem("../etc/passwd")).toBe("time: invalid location name");
  });
});
