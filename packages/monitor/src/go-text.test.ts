import fc from "fast-check";
import { expect, test } from "vitest";
import { roundTripText, timeText, timeTextMs, uptimeText, ZERO_TIME } from "./go-text.ts";

test.each([
  [0n, "1970-01-01T00:00:00Z"],
  [1_795_326_183_594_451_579n, "2026-11-22T05:43:03.594451579Z"],
  [1_795_326_183_500_000_000n, "2026-11-22T05:43:03.5Z"],
  [-1n, "1969-12-31T23:59:59.999999999Z"],
  [951_827_696_000_000_000n, "2000-02-29T12:34:56Z"],
])("MO-38: %s is %s", (nanos, text) => {
  expect(timeText(nanos)).toBe(text);
});

test("MO-38: dates are those of the calendar", () => {
  fc.assert(
    fc.property(
      fc.date({ min: new Date(-6e13), max: new Date(2.5e14), noInvalidDate: true }),
      (date) => {
        const text = timeTextMs(date.getTime());
        expect(new Date(text).getTime()).toBe(date.getTime());
        expect(text.slice(0, 19)).toBe(date.toISOString().slice(0, 19));
      },
    ),
  );
  expect(new Date(ZERO_TIME).getUTCFullYear()).toBe(1);
});

test.each([
  [0, "0s"],
  [59_999, "59s"],
  [60_000, "1m0s"],
  [3_600_000, "1h0m0s"],
  [93_784_000, "1d2h3m4s"],
  [365 * 86_400_000, "1y0d0h0m0s"],
  [-5, "0s"],
])("MO-38: an uptime of %i ms is %s", (ms, text) => {
  expect(uptimeText(ms)).toBe(text);
});

test.each([
  [0, "0s"],
  [999, "999ns"],
  [1_000, "1µs"],
  [1_500, "1µs"],
  [123_456, "123µs"],
  [1_234_567, "1.234567ms"],
  [2_000_000, "2ms"],
  [1_500_000_000, "1.5s"],
  [62_500_000_000, "1m2.5s"],
  [3_600_000_000_000, "1h0m0s"],
])("MO-20: a round trip of %i ns is %s", (nanos, text) => {
  expect(roundTripText(nanos)).toBe(text);
});
