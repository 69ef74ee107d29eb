import { createPrng } from "@weft/base";
import { describe, expect, test } from "vitest";
import { dnValue, fillPlaces, filterValue } from "./backends/ldap-text.ts";
import { applyRules, claimAt, ruleSchema } from "./rules.ts";
import { Throttle } from "./throttle.ts";

const rules = [
  { when: { group: "admins" }, account: "ADMIN" },
  { when: { claim: "a.b", is: "yes" }, account: "NESTED" },
  { account: "APP", publish: { allow: ["own.{name}.>"] }, session: "10s" },
].map((rule) => ruleSchema.parse(rule));

const known = { name: "ruth", groups: [], claims: {} };

describe("rules", () => {
  test("the first that fits counts", () => {
    const by = (more: object) => applyRules(rules, { ...known, ...more }, 1_000);
    expect(by({ groups: ["admins"] })).toMatchObject({ grant: { account: "ADMIN" } });
    expect(by({ claims: { a: { b: ["no", "yes"] } } })).toMatchObject({
      grant: { account: "NESTED" },
    });
    expect(by({ expiresAtMs: 5_000 })).toMatchObject({
      grant: {
        account: "APP",
        permissions: { publish: { allow: ["own.ruth.>"] } },
        expiresAtMs: 5_000,
      },
    });
    expect(by({})).toMatchObject({ grant: { expiresAtMs: 11_000 } });
    expect(applyRules(rules.slice(0, 1), known, 0)).toMatchObject({ kind: "refuse" });
  });

  test("A35: a name with wildcards or dots is never put into a subject", () => {
    for (const name of ["*", ">", "a.b", "a b", "a\tb", "", "\0", "x".repeat(300), "$1.>"]) {
      expect(applyRules(rules, { ...known, name }, 0).kind).toBe("refuse");
    }
    const dollar = applyRules(rules, { ...known, name: "$&" }, 0);
    expect(dollar).toMatchObject({ grant: { permissions: { publish: { allow: ["own.$&.>"] } } } });
  });

  test("claims of prototypes are none", () => {
    expect(claimAt({}, "constructor.name")).toBeUndefined();
    expect(claimAt({}, "__proto__")).toBeUndefined();
    expect(claimAt({ "a.b": 1, a: { b: 2 } }, "a.b")).toBe(1);
  });
});

test("A35: names are one value in filters and distinguished names", () => {
  const prng = createPrng(3);
  for (let round = 0; round < 2_000; round += 1) {
    const name = Array.from({ length: prng.below(12) }, () =>
      String.fromCharCode(prng.below(256)),
    ).join("");
    expect(filterValue(name)).not.toMatch(/[()*\0]|\\(?![0-9a-f]{2})/);
    expect(dnValue(name)).not.toMatch(/[,+"<>;=# ]|\\(?![0-9a-f]{2})/);
  }
  expect(fillPlaces("(uid={user})", { user: filterValue("*)(uid=*") })).toBe(
    "(uid=\\2a\\29\\28uid=\\2a)",
  );
});

test("logins are bounded in all, by address, and by failures", () => {
  const limits = { loginsPerSecond: 10, loginsPerSecondPerHost: 5, failuresPerMinute: 3 };
  const throttle = new Throttle(limits);
  const refusals = Array.from({ length: 11 }, () => throttle.refusal("h", "u", 0));
  expect(refusals.slice(0, 10)).toEqual(new Array(10).fill(undefined));
  expect(refusals[10]).toMatch(/this address/);
  expect(throttle.refusal("h", "u", 1_000)).toBeUndefined();
  for (let count = 0; count < 3; count += 1) throttle.failed("i", "u", 2_000);
  expect(throttle.refusal("i", "u", 2_000)).toMatch(/failures/);
  expect(throttle.refusal("i", "other", 2_000)).toBeUndefined();
  expect(throttle.refusal("j", "u", 2_000)).toBeUndefined();
  expect(throttle.refusal("i", "u", 30_000)).toBeUndefined();
});
