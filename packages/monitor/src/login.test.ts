import { LIMITS } from "@weft/base";
import type { MonitorLogin } from "@weft/config";
import { describe, expect, test } from "vitest";
import { judgeLogin } from "./login.ts";
import { LoginThrottle } from "./login-throttle.ts";

const HASH = "$2b$04$abcdefghijklmnopqrstuuC9dUyIvTOmLqxK9vVYxA1UQH3x1ZSXe";
const LOGIN: MonitorLogin = {
  users: [
    { user: "ann", password: "pw:1" },
    { user: "bob", password: HASH },
  ],
  tokens: ["t1", "t2"],
  clientCertificate: false,
};

function basic(text: string): string {
  return `Basic ${Buffer.from(text, "utf8").toString("base64")}`;
}

function judge(authorization: string | undefined, login = LOGIN, certificate = false): string {
  return judgeLogin(login, { authorization, certificate }).kind;
}

describe("login on the monitoring port", () => {
  test("basic, plain and by hash", () => {
    expect(judge(basic("ann:pw:1"))).toBe("granted");
    expect(judge(basic("ann:pw"))).toBe("compare");
    expect(judge(basic("ann:pw"), { ...LOGIN, users: LOGIN.users.slice(0, 1) })).toBe("denied");
    expect(judge(basic("ann"))).toBe("compare");
    expect(judgeLogin(LOGIN, { authorization: basic("bob:x"), certificate: false })).toEqual({
      kind: "compare",
      user: "bob",
      stored: HASH,
      given: "x",
      known: true,
    });
  });

  test("attack 29: an unknown user costs a hash as well, of the same cost, and is denied", () => {
    const verdict = judgeLogin(LOGIN, { authorization: basic("eve:x"), certificate: false });
    expect(verdict).toMatchObject({ kind: "compare", known: false });
    const { stored } = verdict as { stored: string };
    expect(stored.slice(0, 7)).toBe("$2a$04$");
    const plain = { ...LOGIN, users: LOGIN.users.slice(0, 1) };
    expect(judge(basic("eve:"), plain)).toBe("denied");
    expect(judge(basic(":"), { ...plain, users: [] })).toBe("denied");
  });

  test("bearer", () => {
    expect(judge("Bearer t2")).toBe("granted");
    expect(judge("bearer  t1")).toBe("granted");
    expect(judge("Bearer t3")).toBe("denied");
    expect(judge("Bearer ")).toBe("denied");
    expect(judge("Bearer t1", { ...LOGIN, tokens: [] })).toBe("denied");
  });

  test("certificate, only where it is asked for", () => {
    expect(judge(undefined, LOGIN, true)).toBe("asked");
    expect(judge(undefined, { ...LOGIN, clientCertificate: true }, true)).toBe("granted");
    expect(judge(undefined, { ...LOGIN, clientCertificate: true }, false)).toBe("asked");
  });

  test("nonsense is denied", () => {
    for (const text of ["", "Basic", "Basic !!!", "Digest x", "Negotiate", "\u0000"]) {
      expect(["denied", "compare"]).toContain(judge(text));
    }
  });
});

describe("attacks 30, 64: the throttle by address", () => {
  const failures = LIMITS.monitorLoginFailuresMax;

  function fail(throttle: LoginThrottle, address: string, times: number, nowMs = 0): void {
    for (let at = 0; at < times; at += 1) throttle.failed(address, nowMs);
  }

  test("ten wrong logins in a minute cost a minute", () => {
    const throttle = new LoginThrottle();
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
    const throttle = new LoginThrottle();
    fail(throttle, "a", failures - 1);
    throttle.succeeded("a");
    fail(throttle, "a", failures - 1);
    fail(throttle, "a", 1, 60_001);
    expect(throttle.waitSeconds("a", 60_001)).toBe(0);
  });

  test("a household of IPv6 addresses counts as one", () => {
    const throttle = new LoginThrottle();
    for (let at = 0; at < failures; at += 1) throttle.failed(`2001:db8:1:2::${at}`, 0);
    expect(throttle.waitSeconds("2001:db8:1:2:3:4:5:6", 0)).toBe(60);
    expect(throttle.waitSeconds("2001:db8:1:3::1", 0)).toBe(0);
    expect(throttle.waitSeconds("::1", 0)).toBe(0);
  });

  test("the table is bounded", () => {
    const throttle = new LoginThrottle();
    for (let at = 0; at < LIMITS.monitorLoginAddressesMax * 2; at += 1) {
      throttle.failed(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, 0);
    }
    expect(throttle.size).toBe(LIMITS.monitorLoginAddressesMax);
  });
});
