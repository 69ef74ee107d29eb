// Test of the own option `address_limits`.
import { expect, test } from "vitest";
import { errorsOf, optionsOf } from "./testdata/memory-source.ts";

test("attacks 30, 64: off unless written, each limit by itself", () => {
  expect(optionsOf("").addressLimits).toBeUndefined();
  expect(optionsOf("address_limits { login_failures: 0 }").addressLimits).toBeUndefined();
  expect(optionsOf("address_limits { connections_per_second: 50 }").addressLimits).toEqual({
    connectionsPerSecond: 50,
    loginFailures: 0,
  });
  expect(optionsOf("address_limits { login_failures: 5 }").addressLimits).toEqual({
    connectionsPerSecond: 0,
    loginFailures: 5,
  });
});

test("what is wrong is refused", () => {
  const said = (text: string): string => JSON.stringify(errorsOf(`address_limits ${text}`));
  expect(said("{ login_failures: -1 }")).toContain("login_failures value can not be negative");
  expect(said("{ connections_per_second: 1g }")).toContain("value is too big");
  expect(said("{ logins: 1 }")).toContain("unknown field");
  expect(said(": 5")).not.toBe("[]");
});
