import { LIMITS } from "@weft/base";
import { expect, test } from "vitest";
import { AddressThrottle } from "./address-throttle.ts";

const times = <Result>(count: number, act: () => Result): Result[] =>
  Array.from({ length: count }, act);

test("attack 64: so many connections of one address in a second, others go on", () => {
  const throttle = new AddressThrottle({ connectionsPerSecond: 3, loginFailures: 0 });
  expect(times(5, () => throttle.refusal("192.0.2.1", 10))).toEqual([
    undefined,
    undefined,
    undefined,
    "connections",
    "connections",
  ]);
  expect(throttle.refusal("::ffff:192.0.2.1", 1_009)).toBe("connections");
  expect(throttle.refusal("192.0.2.2", 1_009)).toBeUndefined();
  expect(throttle.refusal("192.0.2.1", 1_010)).toBeUndefined();
});

test("attack 30: failed logins keep an address out for a minute, without a limit on connections", () => {
  const throttle = new AddressThrottle({ connectionsPerSecond: 0, loginFailures: 2 });
  throttle.loginFailed("2001:db8::1", 0);
  expect(throttle.refusal("2001:db8::1", 0)).toBeUndefined();
  throttle.loginFailed("2001:db8::2", 0);
  expect(throttle.refusal("2001:db8::3", 59_999)).toBe("failedLogins");
  expect(throttle.refusal("2001:db8::3", 60_000)).toBeUndefined();
  expect(throttle.size).toBe(0);
});

test("without a limit on logins none is counted", () => {
  const throttle = new AddressThrottle({ connectionsPerSecond: 9, loginFailures: 0 });
  for (let at = 0; at < 100; at += 1) throttle.loginFailed("192.0.2.1", 0);
  expect(throttle.refusal("192.0.2.1", 0)).toBeUndefined();
});

test("the table is bounded, the oldest address makes room", () => {
  const throttle = new AddressThrottle({ connectionsPerSecond: 1, loginFailures: 0 });
  const address = (at: number): string => `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`;
  for (let at = 0; at <= LIMITS.throttledAddressesMax; at += 1) throttle.refusal(address(at), 0);
  expect(throttle.size).toBe(LIMITS.throttledAddressesMax);
  expect(throttle.refusal(address(1), 0)).toBe("connections");
  expect(throttle.refusal(address(0), 0)).toBeUndefined();
});
