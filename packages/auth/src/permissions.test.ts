// Permissions: the rows as tables, and random rules against a judge that enumerates subjects.
import { createPrng, type Prng } from "@weft/base";
import { subjectFromText } from "@weft/subjects";
import { describe, expect, test } from "vitest";
import { compilePermissions, permissionsKey, validatePermissions } from "./permissions.ts";
import type { PermissionsSpec } from "./spec.ts";
import { createJudge } from "./testing/permissions-judge.ts";

const CASES = process.env["WEFT_DEEP"] === "1" ? 1_000_000 : 10_000;

function verdict(spec: PermissionsSpec["subscribe"], filter: string, queue?: string): string {
  return compilePermissions({ subscribe: spec }).subscribeVerdict(filter, queue);
}

describe("publish", () => {
  test("AZ-04, AZ-05: deny wins, no allow list is everything, an empty one nothing", () => {
    const both = compilePermissions({ publish: { allow: ["a.>"], deny: ["a.secret"] } });
    expect(both.publishAllowed("a.b")).toBe(true);
    expect(both.publishAllowed("a.secret")).toBe(false);
    expect(both.publishAllowed("b")).toBe(false);
    const denyOnly = compilePermissions({ publish: { deny: ["x.*"] } });
    expect(denyOnly.publishAllowed("x.y")).toBe(false);
    expect(denyOnly.publishAllowed("x.y.z")).toBe(true);
    expect(compilePermissions({ publish: { allow: [] } }).publishAllowed("a")).toBe(false);
    expect(compilePermissions({ publish: {} }).publishUnrestricted).toBe(true);
    expect(compilePermissions(undefined).publishUnrestricted).toBe(true);
  });

  test("CP-70: wildcards in a published subject are text", () => {
    const allow = compilePermissions({ publish: { allow: ["a.*"] } });
    expect(allow.publishAllowed("a.*")).toBe(true);
    expect(allow.publishAllowed("a.>")).toBe(true);
    expect(compilePermissions({ publish: { allow: ["a.b"] } }).publishAllowed("a.*")).toBe(false);
  });

  test("SU-01: rules are compared as bytes of the wire", () => {
    const allow = compilePermissions({ publish: { allow: ["grüße.*"] } });
    expect(allow.publishAllowed(subjectFromText("grüße.x"))).toBe(true);
    expect(allow.publishAllowed("grüße.x")).toBe(false);
  });

  test("AZ-11, AZ-12: a right to answer empties a missing allow list", () => {
    const answering = compilePermissions({ responses: { messagesMax: 0, expiresMs: 0 } });
    expect(answering.publishAllowed("a")).toBe(false);
    expect(answering.responses).toEqual({ messagesMax: 1, expiresMs: 120_000 });
    const listed = compilePermissions({
      publish: { allow: ["a"] },
      responses: { messagesMax: -1, expiresMs: -1 },
    });
    expect(listed.publishAllowed("a")).toBe(true);
    expect(listed.responses).toEqual({ messagesMax: -1, expiresMs: -1 });
  });

  test("an entry that cannot be read grants nothing and denies everything", () => {
    expect(compilePermissions({ publish: { allow: ["a..b", "a q"] } }).publishAllowed("a")).toBe(
      false,
    );
    expect(compilePermissions({ publish: { deny: ["a..b"] } }).publishAllowed("c")).toBe(false);
    expect(compilePermissions({ publish: { deny: ["a q"] } }).publishAllowed("a")).toBe(false);
    expect(compilePermissions({ publish: { deny: ["a q"] } }).publishAllowed("b")).toBe(true);
    expect(verdict({ deny: ["a b c"] }, "c")).toBe("deny");
  });
});

describe("subscribe", () => {
  test("AZ-06: a subscription must be a subset of an allow entry", () => {
    const rows: [string, string][] = [
      ["foo.bar", "allow"],
      ["foo.*", "allow"],
      ["foo.>", "deny"],
      ["*.bar", "deny"],
      ["foo", "deny"],
      [">", "deny"],
    ];
    for (const [filter, expected] of rows) {
      expect(verdict({ allow: ["foo.*"] }, filter), filter).toBe(expected);
    }
  });

  test("AZ-07, AZ-08: overlapping a deny filters, falling under it refuses", () => {
    const rules = { allow: ["foo.>"], deny: ["foo.secret", "foo.priv.*"] };
    expect(verdict(rules, "foo.>")).toBe("allow-filtered");
    expect(verdict(rules, "foo.*")).toBe("allow-filtered");
    expect(verdict(rules, "foo.open.*")).toBe("allow");
    expect(verdict(rules, "foo.secret")).toBe("deny");
    expect(verdict(rules, "foo.priv.x")).toBe("deny");
    expect(verdict(rules, "foo.priv.*")).toBe("deny");
    const compiled = compilePermissions({ subscribe: rules });
    expect(compiled.deliveryAllowed("foo.secret", undefined)).toBe(false);
    expect(compiled.deliveryAllowed("foo.priv.x", "q")).toBe(false);
    expect(compiled.deliveryAllowed("foo.open", undefined)).toBe(true);
  });

  test("AZ-08: a wildcard subscription that a deny entry matches as text is refused", () => {
    expect(verdict({ deny: ["foo.*"] }, "foo.>")).toBe("deny");
    expect(verdict({ deny: ["foo.*"] }, "*.>")).toBe("allow-filtered");
    expect(verdict({ deny: ["foo.*"] }, ">")).toBe("allow-filtered");
  });

  test("AZ-09: queue entries", () => {
    const rows: [string[], string, string | undefined, string][] = [
      [["foo"], "foo", undefined, "allow"],
      [["foo"], "foo", "any", "allow"],
      [["foo v1"], "foo", undefined, "deny"],
      [["foo v1"], "foo", "v1", "allow"],
      [["foo v1"], "foo", "v2", "deny"],
      [["foo", "foo v1"], "foo", undefined, "allow"],
      [["foo", "foo v1"], "foo", "v1", "allow"],
      [["foo", "foo v1"], "foo", "v2", "deny"],
      [["foo v1.>"], "foo", "v1.a.b", "allow"],
      [["foo v1.>"], "foo", "v1", "deny"],
      [["foo *.dev"], "foo", "x.dev", "allow"],
      [["foo v1.*"], "foo", "v1.*", "allow"],
      [["foo v1.*"], "foo", "v1.>", "deny"],
      [["foo.>", "foo.* v1"], "foo.>", "v2", "deny"],
      [["foo.* v1"], "foo.>", "v1", "deny"],
    ];
    for (const [allow, filter, queue, expected] of rows) {
      expect(verdict({ allow }, filter, queue), `${allow} ${filter} ${queue}`).toBe(expected);
    }
  });

  test("CVE-2022-29946: a queue subscription does not get around a deny", () => {
    expect(verdict({ deny: ["foo q1"] }, "foo", "q1")).toBe("deny");
    expect(verdict({ deny: ["foo q1"] }, "foo", undefined)).toBe("allow");
    expect(verdict({ deny: ["foo"] }, "foo", "q1")).toBe("deny");
    expect(verdict({ deny: ["foo.x q*"] }, "foo.*", "q*")).toBe("allow-filtered");
    const filtered = compilePermissions({ subscribe: { deny: ["foo.x q1", "foo.y"] } });
    expect(filtered.subscribeVerdict("foo.*", "q1")).toBe("allow-filtered");
    expect(filtered.deliveryAllowed("foo.x", "q1")).toBe(false);
    expect(filtered.deliveryAllowed("foo.x", "q2")).toBe(true);
    expect(filtered.deliveryAllowed("foo.y", "q2")).toBe(false);
    // A queue that is called `>` is one name, and `*` takes in every name of one token.
    expect(verdict({ deny: ["foo *"] }, "foo", ">")).toBe("deny");
  });

  test("AZ-09: an allow entry for one queue is kept inside a wider subscription too", () => {
    const compiled = compilePermissions({ subscribe: { allow: ["foo.*", "foo.x q1"] } });
    expect(compiled.subscribeVerdict("foo.*", "q2")).toBe("allow-filtered");
    expect(compiled.deliveryAllowed("foo.x", "q2")).toBe(false);
    expect(compiled.deliveryAllowed("foo.y", "q2")).toBe(true);
    expect(compiled.subscribeVerdict("foo.*", undefined)).toBe("allow");
  });
});

describe("keys and problems", () => {
  test("equal permissions have one key, different ones differ", () => {
    const left: PermissionsSpec = { publish: { allow: ["a", "b"] }, subscribe: { deny: [] } };
    expect(permissionsKey(left)).toBe(permissionsKey({ publish: { allow: ["b", "a", "a"] } }));
    const specs: (PermissionsSpec | undefined)[] = [
      undefined,
      left,
      { publish: { allow: ["a"] } },
      { publish: { deny: ["a"] } },
      { subscribe: { allow: ["a"] } },
      { subscribe: { deny: ["a"] } },
      { publish: { allow: [] } },
      { responses: { messagesMax: 1, expiresMs: 1 } },
      { responses: { messagesMax: 1, expiresMs: 2 } },
      { publish: { allow: ['a","b'] } },
    ];
    expect(new Set(specs.map(permissionsKey)).size).toBe(specs.length);
    expect(permissionsKey({ responses: { messagesMax: 0, expiresMs: 0 } })).toBe(
      permissionsKey({ publish: { allow: [] }, responses: { messagesMax: 1, expiresMs: 120_000 } }),
    );
  });

  test("the key of a long list is short, and as good: every session keeps one", () => {
    const allow = Array.from({ length: 4_000 }, (_, number) => `subject.${number}`);
    const key = permissionsKey({ publish: { allow } });
    expect(key.length).toBeLessThan(64);
    expect(permissionsKey({ publish: { allow: allow.toReversed() } })).toBe(key);
    expect(permissionsKey({ publish: { allow: allow.slice(1) } })).not.toBe(key);
    expect(permissionsKey({ publish: { deny: allow } })).not.toBe(key);
  });

  test("what permissions take counts long texts, queues and entries that are there twice", () => {
    const takes = (spec: PermissionsSpec): number => compilePermissions(spec).tokensCount;
    expect(takes({ publish: { allow: ["orders.*.new"] }, subscribe: { allow: ["in.>"] } })).toBe(6);
    const long = "x".repeat(60_000);
    expect(takes({ publish: { allow: [long] } })).toBeGreaterThanOrEqual(400);
    expect(takes({ subscribe: { deny: [`a ${long}`] } })).toBeGreaterThanOrEqual(400);
    expect(takes({ publish: { deny: Array(3_000).fill("a") } })).toBeGreaterThanOrEqual(1_000);
  });

  test("AZ-03: texts of problems", () => {
    expect(
      validatePermissions({
        publish: { allow: ["a..b"], deny: ["a q"] },
        subscribe: { allow: ["a q", "a q r", "a..b q"], deny: ["a q..r", ""] },
      }),
    ).toEqual([
      'publish allow: subject "a..b" is not a valid subject',
      'publish deny: subject "a q" is not a valid subject',
      'subscribe allow: subject "a q r" is not a valid subject',
      'subscribe allow: subject "a..b" is not a valid subject',
      'subscribe deny: queue "q..r" is not a valid queue',
      'subscribe deny: subject "" is not a valid subject',
    ]);
    expect(validatePermissions(undefined)).toEqual([]);
  });
});

const TOKENS = ["a", "b", "*"];
const QUEUES = [undefined, "q", "r", "q.x", "*", ">"];
const QUEUE_PATTERNS = ["", " q", " r", " *", " q.*", " >"];

function randomFilter(prng: Prng): string {
  const tokens: string[] = [];
  const count = 1 + prng.below(3);
  for (let at = 0; at < count; at += 1) tokens.push(TOKENS[prng.below(3)] as string);
  if (prng.below(4) === 0) tokens[count - 1] = ">";
  return tokens.join(".");
}

function randomList(prng: Prng, queues: boolean): string[] | undefined {
  if (prng.below(3) === 0) return undefined;
  return Array.from({ length: prng.below(4) }, () => {
    const queue = queues ? QUEUE_PATTERNS[prng.below(2) * prng.below(6)] : "";
    return randomFilter(prng) + queue;
  });
}

describe("attack 38", () => {
  test("random rules: the verdict is the judge's, and delivered is a part of allowed", () => {
    const prng = createPrng(20_260_901);
    const judge = createJudge(["a", "b", "z"], 4);
    let cases = 0;
    let delivered = 0;
    while (cases < CASES) {
      const spec: PermissionsSpec = {
        publish: { allow: randomList(prng, false), deny: randomList(prng, false) },
        subscribe: { allow: randomList(prng, true), deny: randomList(prng, true) },
      };
      const compiled = compilePermissions(spec);
      for (let round = 0; round < 10; round += 1, cases += 1) {
        const filter = randomFilter(prng);
        const queue = QUEUES[prng.below(QUEUES.length)];
        const answer = compiled.subscribeVerdict(filter, queue);
        if (answer !== judge.subscribeVerdict(spec, filter, queue)) {
          expect([spec, filter, queue, answer]).toBe(judge.subscribeVerdict(spec, filter, queue));
        }
        const subject = judge.subjects[prng.below(judge.subjects.length)] as string;
        const publish = compiled.publishAllowed(subject);
        if (publish !== judge.publishAllowed(spec, subject)) expect([spec, subject]).toBe(publish);
        if (answer === "deny" || !judge.reaches(filter, subject)) continue;
        if (answer === "allow" || compiled.deliveryAllowed(subject, queue)) {
          delivered += 1;
          if (!judge.receiveAllowed(spec, subject, queue))
            expect([spec, filter, subject, queue]).toBe("");
        } else if (judge.receiveAllowed(spec, subject, queue)) {
          expect([spec, filter, subject, queue]).toBe("delivered");
        }
      }
    }
    expect(delivered).toBeGreaterThan(CASES / 50);
  }, 300_000);
});
