import { describe, expect, test } from "vitest";
import { attributeOf, nameOf, valuesOf } from "./backends/ldap-names.ts";
import { foldName } from "./names.ts";
import { applyRules, ruleSchema } from "./rules.ts";
import { Throttle } from "./throttle.ts";

/** What a directory takes for `ann` (RFC 4518). */
const SPELLINGS = [
  "Ann",
  "ANN",
  " ann",
  "ann  ",
  "ann\u1806",
  "\u3000ann\u00a0",
  "\uff41nn",
  "a\u00adn\u200bn",
];

describe("names of users in a directory", () => {
  test("A35: all spellings of a name are one", () => {
    for (const name of SPELLINGS) expect(foldName(name)).toBe("ann");
    expect(foldName(" Ann \t B. ")).toBe("ann b.");
    expect(foldName("STRASSE")).toBe(foldName("Stra\u00dfe"));
    expect(foldName("Stra\u1e9ee")).toBe(foldName("stra\u00dfe"));
    expect(foldName("e\u0301")).toBe(foldName("\u00c9"));
    expect(foldName("anna")).not.toBe(foldName("ann"));
    for (const dotless of ["w\u0131ll", "w\u{1d6a4}ll"]) expect(foldName(dotless)).not.toBe("will");
    expect(foldName("\u00e4nn")).not.toBe(foldName("ann"));
  });

  test("A35: rules compare what a backend folds, and put the name in as it is told", () => {
    const rules = [
      { when: { user: "ann" }, account: "JAIL" },
      { account: "APP", publish: { allow: ["own.{name}"] } },
    ].map((rule) => ruleSchema.parse(rule));
    const by = (name: string, fold?: typeof foldName) =>
      applyRules(rules, { name, groups: [], claims: {}, ...(fold && { fold }) }, 0);
    expect(by("Ann", foldName)).toMatchObject({ grant: { account: "JAIL", name: "Ann" } });
    expect(by("Ann")).toMatchObject({ grant: { account: "APP" } });
    expect(by("Bob", foldName)).toMatchObject({
      grant: { permissions: { publish: { allow: ["own.Bob"] } } },
    });
  });

  test("A35: failures count for a user, however he is spelt", () => {
    const limits = { loginsPerSecond: 100, loginsPerSecondPerHost: 100, failuresPerMinute: 3 };
    for (const name of [...SPELLINGS, "\u00e4nn"]) {
      const throttle = new Throttle(limits);
      for (let count = 0; count < 3; count += 1) throttle.failed("h", "ann", 0);
      expect(throttle.refusal("h", name, 0)).toMatch(/failures/);
      expect(throttle.refusal("h", "bob", 0)).toBeUndefined();
    }
  });
});

describe("the name of an entry", () => {
  const name = (dn: string, values: readonly string[], typed = "x", attribute = "uid") =>
    nameOf({ dn, values }, attribute, typed);

  test("A35: is that of its distinguished name, else its only one, else the one that was typed", () => {
    expect(name("uid=ann,dc=o", ["annie", "Ann"], "annie")).toBe("Ann");
    expect(name("UID=o'neil\\2C \\22x\\22,dc=o", [], "X")).toBe('o\'neil, "x"');
    expect(name("cn=a\\+b+uid=ann\\, c,dc=o", [])).toBe("ann, c");
    expect(name("cn=Ann B.,dc=o", ["ann"], "ANN")).toBe("ann");
    expect(name("cn=Ann B.,dc=o", ["a@o", "ann@o"], "ANN@O")).toBe("ann@o");
    expect(name("uid=#0403616e6e,dc=o", [])).toBeUndefined();
    expect(name("cn=ann,dc=o", [])).toBeUndefined();
    expect(name("", [])).toBeUndefined();
  });

  test("is the value of the attribute that the name is compared with", () => {
    expect(attributeOf("uid={user},ou=people")).toBe("uid");
    expect(attributeOf("(&(objectClass=person)(|(uid={user})(mail={user})))")).toBe("uid");
    expect(attributeOf("(uid:caseExactMatch:={user})")).toBe("uid");
    expect(attributeOf("{user}@example.org")).toBeUndefined();
    expect(attributeOf("(mail={user}@example.org)")).toBeUndefined();
    expect(valuesOf({ dn: "x", UID: ["a", Buffer.from("b")] }, "uid")).toEqual(["a", "b"]);
    expect(valuesOf({ dn: "x", uid: [] }, "uid")).toEqual([]);
    expect(valuesOf({ dn: "x" }, "uid")).toEqual([]);
  });
});
