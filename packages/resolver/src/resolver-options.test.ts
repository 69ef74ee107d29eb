// The `resolver` key: forms, defaults, and the combinations that make no sense (AC-80 to AC-84, SA-14).
import { describe, expect, test } from "vitest";
import { checkPreloads } from "./preload.ts";
import { resolverOfSettings, resolverOfText, resolverOfUrl } from "./resolver-options.ts";
import { accountClaim, accountKey, plainReader } from "./testing/plain-claims.ts";

describe("AC-80, AC-81: texts", () => {
  test("memory", () => {
    for (const text of ["MEM", "memory", "MEMORY "]) {
      expect(resolverOfText(text)).toEqual({ ok: true, options: { type: "memory" } });
    }
  });

  test("URL", () => {
    const options = {
      type: "url",
      url: "http://localhost:9090/jwt/v1/accounts/",
      timeoutMs: 1_900,
    };
    for (const text of [
      "URL(http://localhost:9090/jwt/v1/accounts/)",
      'url( "http://localhost:9090/jwt/v1/accounts" )',
    ]) {
      expect(resolverOfText(text)).toEqual({ ok: true, options });
    }
    expect(resolverOfUrl("ftp://x/")).toEqual({
      ok: false,
      errors: ['error parsing account resolver url ["ftp://x/"]'],
    });
    expect(resolverOfText("URL()")).toMatchObject({ ok: false });
    expect(resolverOfText("nonsense")).toMatchObject({ ok: false });
  });
});

describe("AC-82 to AC-84, SA-14: blocks", () => {
  test("defaults", () => {
    expect(resolverOfSettings({ type: "FULL", directory: "jwt", allowDelete: true })).toEqual({
      ok: true,
      options: {
        type: "full",
        directory: "jwt",
        sharded: false,
        limit: 1_000_000,
        ttlMs: 0,
        deletion: "soft",
        syncIntervalMs: 60_000,
        fetchTimeoutMs: 1_900,
      },
    });
    expect(resolverOfSettings({ type: "cache", directory: "d" })).toMatchObject({
      options: { limit: 1_000, deletion: "hard" },
    });
    const hard = { type: "full", directory: "d", allowDelete: true, hardDelete: true };
    expect(resolverOfSettings(hard)).toMatchObject({ options: { deletion: "hard" } });
    expect(resolverOfSettings({ type: "mem" })).toEqual({ ok: true, options: { type: "memory" } });
  });

  test.each([
    [{ type: "full" }, "dir has no value and needs to point to a directory"],
    [{ type: "full", directory: "d", ttlMs: 1 }, "FULL does not accept ttl"],
    [
      { type: "full", directory: "d", hardDelete: true },
      "hard_delete has no effect without delete",
    ],
    [{ type: "cache", directory: "d", intervalMs: 1 }, "CACHE does not accept sync"],
    [{ type: "cache", directory: "d", allowDelete: true }, "CACHE does not accept allow_delete"],
    [{ type: "cache", directory: "d", hardDelete: false }, "CACHE does not accept hard_delete"],
    [{ type: "file", directory: "d", ttlMs: 5 }, "FILE does not accept ttl"],
    [{ type: "file", directory: "d", limit: 5 }, "FILE does not accept limit"],
    [{ type: "file", directory: "d", allowDelete: true }, "FILE does not accept allow_delete"],
    [{ type: "full", directory: "d", timeoutMs: 0 }, "Fetch timeout 0ms is too smal"],
  ])("%o", (settings, error) => {
    expect(resolverOfSettings(settings)).toEqual({ ok: false, errors: [error] });
  });
});

describe("AC-80: preloads", () => {
  const A = accountKey(1);
  const check = (key: string, text: string, type: "memory" | "url" = "memory") =>
    checkPreloads(new Map([[key, text]]), type, plainReader, 1_000_000_000);

  test("wrong entries stop the start, old ones are worth a word", () => {
    expect(check(A, accountClaim(A, 1, 0, "a"))).toEqual([]);
    expect(check(A, "x")).toMatchObject([{ severity: "error" }]);
    expect(check(accountKey(2), accountClaim(A, 1, 0, "a"))).toMatchObject([{ severity: "error" }]);
    expect(check(A, accountClaim(A, 1, 5, "a"))).toMatchObject([{ severity: "warning" }]);
    expect(check(A, accountClaim(A, 1, 0, "a"), "url")).toMatchObject([{ severity: "error" }]);
  });
});
