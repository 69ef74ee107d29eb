import { describe, expect, test } from "vitest";
import { LIMITS } from "./limits.ts";
import { LoginThrottle } from "./login-throttle.ts";

describe("attacks 30, 64: the throttle by address", () => {
  const failures = LIMITS.monitorLoginFailuresMax;

  function fail(throttle: LoginThrottle, address: string, times: number, nowMs = 0): void {
    for (let at = 0; at < times; at += 1) throttle.failed(address, nowMs);
  }

  test("ten wrong logins in a minute cost a minute", () => {
    const throttle = new LoginThrottle(failures);
    fail(throttle, "1.2.3.4", failures - 1);
    expect(throttle.waitSeconds("1.2.3.4", 0)).toBe(0);
    fail(throttle, "1.2.3.4", 1, 5_000);
    expect(throttle.waitSeconds("1.2.3.4", 5_000)).toBe(60);
    expect(throttle.waitSeconds("::ffff:1.2.3.4", 5_000)).toBe(60);
    expect(throttle.waitSeconds("1.2.3.5", 5_000)).toBe(0);
    expect(throttle.waitSeconds("1.2.3.4", 65_000)).toBe(0);
    fail(throttle, "1.2.3.4", failures - 1, 65_000);
    expect(throttle.waitSeconds("1.2.3.4", 65_000)).toBe(0);
  });

  test("a good login, or a minute, forgets what was wrong", () => {
    const throttle = new LoginThrottle(failures);
    fail(throttle, "a", failures - 1);
    throttle.succeeded("a");
    fail(throttle, "a", failures - 1);
    fail(throttle, "a", 1, 60_001);
    expect(throttle.waitSeconds("a", 60_001)).toBe(0);
  });

  test("a household of IPv6 addresses counts as one", () => {
    const throttle = new LoginThrottle(failures);
    for (let at = 0; at < failures; at += 1) throttle.failed(`2001:db8:1:2::${at}`, 0);
    expect(throttle.waitSeconds("2001:db8:1:2:3:4:5:6", 0)).toBe(60);
    expect(throttle.waitSeconds("2001:db8:1:3::1", 0)).toBe(0);
    expect(throttle.waitSeconds("::1", 0)).toBe(0);
  });

  test("the table is bounded", () => {
    const throttle = new LoginThrottle(failures);
    for (let at = 0; at < LIMITS.throttledAddressesMax * 2; at += 1) {
      throttle.failed(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, 0);
    }
    expect(throttle.size).toBe(LIMITS.throttledAddressesMax);
  });
});
