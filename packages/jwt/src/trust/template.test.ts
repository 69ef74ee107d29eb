// Templates of scoped signing keys: every variable, several values, and what cannot be resolved.
import { describe, expect, test } from "vitest";
import type { UserPermissionLimits } from "../claims/claims.ts";
import { newUserScope } from "../claims/new-claims.ts";
import { resolveTemplate, type TemplateValues } from "./template.ts";

const VALUES: TemplateValues = {
  userName: "kim",
  userKey: "UKEY",
  userTags: ["dept:a", "dept:b", "role:r", "empty:", "plain", "odd:x y", "deep:{{name()}}"],
  accountName: "ACME",
  accountKey: "AKEY",
  accountTags: ["region:eu", "region:us"],
};

interface Lists {
  allow?: readonly string[];
  deny?: readonly string[];
}

function template(publish: Lists, subscribe: Lists = {}): UserPermissionLimits {
  const side = ({ allow, deny }: Lists) => ({ allow, deny });
  return { ...newUserScope("A").template, publish: side(publish), subscribe: side(subscribe) };
}

function resolved(publish: Lists, values: Partial<TemplateValues> = {}) {
  const result = resolveTemplate(template(publish), { ...VALUES, ...values });
  return result.ok ? result.value.publish : result.error;
}

describe("AN-53: variables", () => {
  test.each([
    ["u.{{name()}}", ["u.kim"]],
    ["{{subject()}}.>", ["UKEY.>"]],
    ["{{account-name()}}.{{account-subject()}}", ["ACME.AKEY"]],
    ["d.{{tag(dept)}}", ["d.a", "d.b"]],
    ["{{account-tag(region)}}.x", ["eu.x", "us.x"]],
    ["{{tag(dept)}}.{{account-tag(region)}}", ["a.eu", "a.us", "b.eu", "b.us"]],
    ["{{tag(dept)}}.{{tag(dept)}}", ["a.a", "b.b"]],
    ["{{ NAME() }}.{{Account-Name()}}", ["kim.ACME"]],
    ["{{tag(DEPT)}}", ["a", "b"]],
    ["{{name()}}.{{name()}}", ["kim.kim"]],
  ])("%s", (entry, allow) => {
    expect(resolved({ allow: [entry] })).toEqual({ allow, deny: undefined });
  });

  test("a value may bring in another variable's text, as in the reference", () => {
    expect(resolved({ allow: ["{{tag(deep)}}.{{name()}}"] })).toMatchObject({ allow: ["kim.kim"] });
  });

  test("TAG( in capitals finds nothing, as in the reference", () => {
    expect(resolved({ allow: ["{{TAG(dept)}}", "x"] })).toMatchObject({ allow: ["x"] });
  });
});

describe("AN-53: what cannot be resolved", () => {
  test("an allow entry without a value, or that is no subject, is left out", () => {
    const allow = ["{{tag(none)}}.x", "{{tag(empty)}}.x", "{{tag(odd)}}", "a..{{name()}}", "ok"];
    expect(resolved({ allow })).toEqual({ allow: ["ok"], deny: undefined });
  });

  test("with nothing left, everything is denied", () => {
    expect(resolved({ allow: ["{{tag(none)}}"] })).toEqual({ allow: [], deny: [">"] });
    expect(resolved({ allow: ["{{tag(none)}}"], deny: ["z"] })).toEqual({
      allow: [],
      deny: ["z", ">"],
    });
    expect(resolved({ allow: ["{{tag(none)}}"], deny: [">"] })).toMatchObject({ deny: [">"] });
  });

  test("a deny entry that cannot be resolved refuses the user", () => {
    expect(resolved({ deny: ["{{tag(none)}}"] })).toBe("template operation has no value");
    expect(resolved({ deny: ["{{tag(empty)}}.x"] })).toBe("generated invalid subject");
    expect(resolved({ deny: ["{{name()}}"] }, { userName: "" })).toBe("generated invalid subject");
  });

  test("an unknown operation refuses the user, also in an allow list", () => {
    for (const entry of ["{{}}x{{odd()}}", "{{name}}", "{{tag(x}}", "{{}"]) {
      const isVariable = /\{\{[^}]+\}\}/.test(entry);
      const expected = isVariable ? "template operation is not defined" : { allow: [entry] };
      if (isVariable) expect(resolved({ allow: [entry] }), entry).toBe(expected);
      else expect(resolved({ allow: [entry] }), entry).toMatchObject(expected as object);
    }
  });

  test("a list without a variable stays as it is; one with a variable is checked as a whole", () => {
    expect(resolved({ allow: ["a b", "c"] })).toMatchObject({ allow: ["a b", "c"] });
    expect(resolved({ allow: ["a b", "{{name()}}"] })).toMatchObject({ allow: ["kim"] });
  });
});

describe("bounds", () => {
  const many = Array.from({ length: 100 }, (_, at) => `t:${at}`);

  test("4,096 entries at most", () => {
    const allow = ["{{tag(t)}}.{{tag(t)}}"];
    expect(resolved({ allow }, { userTags: many })).toContain("exceeds limit");
    expect(resolved({ allow }, { userTags: many.slice(0, 64) })).toMatchObject({
      allow: { length: 64 },
    });
    const full = Array.from({ length: 42 }, (_, at) => `${at}.{{tag(t)}}`);
    expect(resolved({ allow: full }, { userTags: many })).toContain("exceeds limit");
    expect(resolved({ allow: full.slice(0, 40) }, { userTags: many })).toMatchObject({
      allow: { length: 4_000 },
    });
  });

  test("16,384 tokens of a user at most, of all lists together", () => {
    const long = (count: number) =>
      Array.from({ length: count }, (_, at) => `{{name()}}.${"a.".repeat(126)}${at}`);
    expect(resolved({ allow: long(64), deny: long(64) })).toMatchObject({ allow: { length: 64 } });
    expect(resolved({ allow: long(64), deny: long(65) })).toContain("exceeds limit: 16384 tokens");
    const plain = Array.from({ length: 4_000 }, (_, at) => `a.b.c.d.e.${at}`);
    expect(resolved({ allow: long(64), deny: plain })).toMatchObject({ deny: { length: 4_000 } });
  });

  test("very many variables that look through very many tags end soon", () => {
    const accountTags = Array.from({ length: 60_000 }, (_, number) => `t${number}:v`);
    const allow = Array.from({ length: 20_000 }, (_, number) => `{{account-tag(x${number})}}`);
    const startedAt = process.cpuUsage();
    expect(resolved({ allow }, { accountTags })).toContain("exceeds limit");
    // Fifteen seconds before looks were counted.
    expect(process.cpuUsage(startedAt).user).toBeLessThan(3_000_000);
    // A large but honest template: a thousand tags, a hundred entries.
    const some = accountTags.slice(0, 1_000);
    const entries = some.slice(0, 100).map((tag) => `{{account-tag(${tag.split(":")[0]})}}.>`);
    expect(resolved({ allow: entries }, { accountTags: some })).toMatchObject({
      allow: entries.map(() => "v.>"),
    });
  });

  test("long names in long entries end soon", () => {
    const started = performance.now();
    const long = `${"{{name()}}.".repeat(60_000)}x`;
    expect(resolved({ allow: [long] }, { userName: "n".repeat(50_000) })).toContain("exceeds");
    const spaced = Array.from({ length: 300 }, (_, at) => `{{${" ".repeat(at)}name()}}`).join(".");
    expect(resolved({ allow: [spaced] })).toContain("exceeds");
    expect(performance.now() - started).toBeLessThan(5_000);
  });
});
