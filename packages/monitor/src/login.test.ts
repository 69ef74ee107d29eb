import type { MonitorLogin } from "@weft/config";
import { describe, expect, test } from "vitest";
import { judgeLogin } from "./login.ts";

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
