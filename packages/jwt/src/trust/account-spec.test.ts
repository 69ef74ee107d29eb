// Activations and what becomes of exports and imports: a token works for just one exporter, importer,
// subject and kind (attack 28).
import { compileAccounts } from "@weft/accounts";
import { SignatureVerifier } from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { ActivationClaims, ExportClaim, ImportClaim } from "../claims/claims.ts";
import {
  newAccountClaims,
  newActivationClaims,
  newExport,
  newImport,
} from "../claims/new-claims.ts";
import { tokenOf, verifier } from "../testing/reading.ts";
import { publicKey, testKey } from "../testing/test-keys.ts";
import { accountSpecs } from "./account-spec.ts";
import { trustKeys } from "./operators.ts";
import { type TrustedAccount, trustAccount } from "./trusted-account.ts";

const NOW_MS = Date.UTC(2026, 10, 23, 12, 0, 0);
const NOW = NOW_MS / 1_000;
const OPERATOR = testKey("operator", 1);
const KEYS = [0, 1, 2].map((number) => publicKey("account", number)) as [string, string, string];
const SIGNING = testKey("account", 5);

function exportOf(kind: "stream" | "service", subject: string, more: Partial<ExportClaim> = {}) {
  return { ...newExport(kind, subject), ...more };
}

function importOf(
  kind: "stream" | "service",
  from: number,
  subject: string,
  more: Partial<ImportClaim> = {},
) {
  const claim: ImportClaim = newImport(kind, subject, KEYS[from] as string);
  return { ...claim, ...more };
}

function account(
  number: number,
  exports: readonly ExportClaim[],
  imports: readonly ImportClaim[] = [],
): TrustedAccount {
  const claims = newAccountClaims(KEYS[number] as string);
  const signingKeys = new Map(number === 0 ? [[SIGNING.publicKey, undefined]] : []);
  const nats = { ...claims.nats, exports, imports, signingKeys };
  const whole = { ...claims, nats, issuer: OPERATOR.publicKey };
  const verdict = trustAccount(
    claims.subject,
    whole,
    trustKeys([OPERATOR.publicKey]),
    NOW_MS,
    verifier,
  );
  if (!verdict.ok) throw new Error(verdict.refusal.detail);
  return verdict.account;
}

function activation(
  change: Partial<ActivationClaims["nats"]> = {},
  head: Partial<ActivationClaims> = {},
  signer = testKey("account", 0),
): string {
  const claims = newActivationClaims(KEYS[1]);
  const nats = {
    ...claims.nats,
    importSubject: "secret.>",
    importType: "stream" as const,
    ...change,
  };
  return tokenOf({ ...claims, ...head, nats }, signer, NOW - 10);
}

function problemOf(token: string, revocations = new Map<string, number>()): string {
  const exporter = account(0, [
    exportOf("stream", "secret.>", { tokenRequired: true, revocations }),
  ]);
  // The claims are put together by hand: a token with errors would not come so far.
  const importer = account(1, []);
  const imports = [importOf("stream", 0, "secret.x", { token })];
  const whole = {
    ...importer,
    claims: { ...importer.claims, nats: { ...importer.claims.nats, imports } },
  };
  const { specs, problems } = accountSpecs([exporter, whole], NOW_MS, verifier);
  const isImported = specs[1]?.imports?.length === 1;
  expect(isImported).toBe(problems.length === 0);
  expect(specs[0]?.exports?.[0]?.accounts).toEqual(isImported ? [KEYS[1]] : []);
  return problems[0]?.problem ?? "none";
}

describe("AC-52: activation tokens", () => {
  const bySigningKey = { issuerAccount: KEYS[0] };
  test.each([
    ["good", activation(), "none"],
    ["by a signing key", activation(bySigningKey, {}, SIGNING), "none"],
    ["none", "", "activation token required"],
    ["no token", "http://host/token", "activation token invalid"],
    [
      "another importer",
      activation({}, { subject: KEYS[2] }),
      'activation token doesn\'t match account it is being included in, "secret.x"',
    ],
    [
      "another exporter",
      activation({}, {}, testKey("account", 2)),
      'activation token doesn\'t match account for import "secret.x"',
    ],
    [
      "a stranger in the name of the exporter",
      activation(bySigningKey, {}, testKey("account", 2)),
      "activation issuer unknown",
    ],
    [
      "the exporter in the name of another",
      activation({ issuerAccount: KEYS[2] }),
      "activation issuer unknown",
    ],
    [
      "a signing key without the name",
      activation({}, {}, SIGNING),
      'activation token doesn\'t match account for import "secret.x"',
    ],
    ["an operator's", activation(bySigningKey, {}, OPERATOR), "activation issuer unknown"],
    [
      "another subject",
      activation({ importSubject: "other.>" }),
      'activation token import subject "other.>" doesn\'t match import "secret.x"',
    ],
    [
      "a narrower subject",
      activation({ importSubject: "secret.x.y" }),
      'activation token import subject "secret.x.y" doesn\'t match import "secret.x"',
    ],
    [
      "another kind",
      activation({ importType: "service" }),
      "mismatch between token import type service and type of import stream",
    ],
    ["expired", activation({}, { expiresAtSeconds: NOW - 1 }), "claim is expired"],
    ["in its last second", activation({}, { expiresAtSeconds: NOW }), "activation expired"],
    ["not yet valid", activation({}, { notBeforeSeconds: NOW + 1 }), "claim is not yet valid"],
  ])("%s", (_name, token, expected) => {
    expect(problemOf(token)).toBe(expected);
  });

  test("AC-54: revoked for the importer or for all, up to the second of its issue", () => {
    expect(problemOf(activation(), new Map([[KEYS[1], NOW - 10]]))).toBe("activation revoked");
    expect(problemOf(activation(), new Map([["*", NOW]]))).toBe("activation revoked");
    expect(
      problemOf(
        activation(),
        new Map([
          ["*", NOW - 11],
          [KEYS[2], NOW],
        ]),
      ),
    ).toBe("none");
  });

  test("attack 28: of all exporters, importers and subjects just one triple works", () => {
    let works = 0;
    for (const exporter of [0, 2]) {
      for (const importer of [1, 2]) {
        for (const importSubject of ["secret.x", "secret.y", "x.>"]) {
          const subject = KEYS[importer] as string;
          const token = activation({ importSubject }, { subject }, testKey("account", exporter));
          const isRight = exporter === 0 && importer === 1 && importSubject === "secret.x";
          expect(problemOf(token) === "none").toBe(isRight);
          works += isRight ? 1 : 0;
        }
      }
    }
    expect(works).toBe(1);
  });

  test("attack 28: a token for one token of a subject does not open all below it", () => {
    const exporter = account(0, [exportOf("stream", "secret.>", { tokenRequired: true })]);
    for (const [importSubject, subject, isRight] of [
      ["secret.*", "secret.>", false],
      ["*.*", "secret.>", false],
      ["secret.>", "secret.>", true],
      ["secret.>", "secret.*", true],
      ["secret.*", "secret.*", true],
    ] as const) {
      const token = activation({ importSubject });
      const importer = account(1, [], [importOf("stream", 0, subject, { token })]);
      const { problems } = accountSpecs([exporter, importer], NOW_MS, verifier);
      const [first] = problems;
      expect(first?.problem).toBe(isRight ? undefined : "activation is for less than the import");
    }
  });

  test("a token for one subject does not open another of the same export", () => {
    const exporter = account(0, [exportOf("stream", "secret.>", { tokenRequired: true })]);
    const token = activation({ importSubject: "secret.a" });
    const importer = account(
      1,
      [],
      [importOf("stream", 0, "secret.a", { token }), importOf("stream", 0, "secret.b")],
    );
    const made = accountSpecs([exporter, importer], NOW_MS, verifier);
    expect(made.specs[1]?.imports).toMatchObject([{ subject: "secret.a" }]);
    expect(made.problems).toMatchObject([{ subject: "secret.b" }]);
  });
});

describe("AC-50, AC-51: specifications", () => {
  test("older and newer forms of local subjects", () => {
    const exporter = account(0, [
      exportOf("stream", "s.*"),
      exportOf("service", "q.*", { responseType: "Chunked", responseThresholdNanos: 25e8 }),
    ]);
    const importer = account(
      1,
      [],
      [
        importOf("stream", 0, "s.*", { to: "pre" }),
        importOf("stream", 0, "s.a", { localSubject: "t.a" }),
        importOf("service", 0, "req.*", { to: "q.*" }),
        importOf("service", 0, "q.z", { localSubject: "z", share: true }),
      ],
    );
    const made = accountSpecs([exporter, importer], NOW_MS, verifier);
    expect(made.problems).toEqual([]);
    expect(made.specs[0]?.exports).toMatchObject([
      { kind: "stream", subject: "s.*", accounts: undefined },
      { kind: "service", responseType: "chunked", responseThresholdMs: 2_500 },
    ]);
    expect(made.specs[1]?.imports).toMatchObject([
      { subject: "s.*", prefix: "pre", to: undefined },
      { subject: "s.a", prefix: undefined, to: "t.a" },
      { subject: "q.*", to: "req.*" },
      { subject: "q.z", to: "z", share: true },
    ]);
    expect(compileAccounts(made.specs)).toMatchObject({ ok: true });
  });

  test("AC-60, AC-73: what is measured and traced", () => {
    const latency = { sampling: 0, results: "got" };
    const whole = account(0, [
      exportOf("service", "a", { latency, allowTrace: true }),
      exportOf("service", "b", { latency: { ...latency, sampling: 7 } }),
      exportOf("service", "c", { latency, responseType: "Stream" }),
    ]);
    const trace = { destination: "traces", sampling: 0 };
    const nats = { ...whole.claims.nats, trace };
    const traced = { ...whole, claims: { ...whole.claims, nats } };
    const [spec] = accountSpecs([traced], NOW_MS, verifier).specs;
    expect(spec?.exports?.map((one) => one.latency)).toEqual([
      { samplingPercent: "headers", subject: "got" },
      { samplingPercent: 7, subject: "got" },
      undefined,
    ]);
    expect(spec?.messageTrace).toEqual({ destination: "traces", samplingPercent: 100 });
    expect(compileAccounts(spec === undefined ? [] : [spec]).ok).toBe(true);
  });

  test("AC-50: a token that exports one subject twice as one kind is refused, as by the reference", () => {
    const once = [exportOf("stream", "s.*"), exportOf("service", "s.*")];
    expect(account(0, once).claims.nats.exports).toEqual(once);
    for (const kind of ["stream", "service"] as const) {
      const again = exportOf(kind, "s.*", { tokenRequired: true });
      const found = `${kind} export subject "s.*" already exports "s.*"`;
      expect(() => account(0, [...once, again])).toThrow(found);
    }
  });

  test("AC-35, AC-56: imports that are not allowed are left out and told", () => {
    const exporter = account(0, [exportOf("service", "pos.*", { accountTokenPosition: 2 })]);
    const importer = account(
      1,
      [],
      [
        importOf("service", 0, `pos.${KEYS[1]}`),
        importOf("service", 0, `pos.${KEYS[2]}`),
        importOf("service", 0, "nothing"),
        importOf("service", 2, "x"),
      ],
    );
    const made = accountSpecs([exporter, importer], NOW_MS, verifier);
    expect(made.specs[1]?.imports).toHaveLength(1);
    expect(made.problems.map(({ problem }) => problem)).toEqual([
      "account is not named at the account token position",
      "not exported",
      "account missing",
    ]);
    expect(compileAccounts(made.specs)).toMatchObject({ ok: true });
  });

  test("AC-93: limits, mappings and default permissions", () => {
    const base = account(0, []);
    const limits = {
      ...base.claims.nats.limits,
      connectionsMax: 3,
      leafnodesMax: 0,
      payloadBytesMax: -9,
    };
    const mappings = new Map([["a", [{ subject: "b", weight: 0, cluster: "" }]]]);
    const whole = {
      ...base,
      claims: { ...base.claims, nats: { ...base.claims.nats, limits, mappings } },
    };
    const made = accountSpecs([whole], NOW_MS, verifier);
    expect(made.specs[0]).toMatchObject({
      name: KEYS[0],
      limits: {
        connectionsMax: 3,
        leafnodesMax: 0,
        payloadBytesMax: 0,
        subscriptionsMax: undefined,
      },
      mappings: [{ source: "a", destinations: [{ subject: "b", weight: 100 }] }],
      defaultPermissions: undefined,
    });
  });

  test("the first end of an activation is told", () => {
    const exporter = account(0, [exportOf("stream", "secret.>", { tokenRequired: true })]);
    const tokens = [50, 20, 90].map((more) => activation({}, { expiresAtSeconds: NOW + more }));
    const importer = account(
      1,
      [],
      tokens.map((token, at) => importOf("stream", 0, `secret.${at}`, { token })),
    );
    expect(accountSpecs([exporter, importer], NOW_MS, verifier).validUntilMs).toBe(NOW_MS + 20_000);
  });

  test("AC-52: an activation that is still to come is told, and works then", () => {
    const exporter = account(0, [exportOf("stream", "secret.>", { tokenRequired: true })]);
    const later = activation({}, { notBeforeSeconds: NOW + 30, expiresAtSeconds: NOW + 60 });
    const never = activation({}, { notBeforeSeconds: NOW + 10, expiresAtSeconds: NOW - 10 });
    const importer = account(
      1,
      [],
      [later, never].map((token, at) => importOf("stream", 0, `secret.${at}`, { token })),
    );
    const at = (ms: number) => accountSpecs([exporter, importer], ms, verifier);
    expect(at(NOW_MS).specs[1]?.imports).toEqual([]);
    expect(at(NOW_MS).validUntilMs).toBe(NOW_MS + 30_000);
    expect(at(NOW_MS + 29_999).specs[1]?.imports).toEqual([]);
    const { specs, validUntilMs } = at(NOW_MS + 30_000);
    expect(specs[1]?.imports).toMatchObject([{ subject: "secret.0" }]);
    expect(validUntilMs).toBe(NOW_MS + 60_000);
    expect(at(NOW_MS + 60_000).specs[1]?.imports).toEqual([]);
  });

  test("AC-52: activation tokens are verified once for each token of the account", () => {
    class Counting extends SignatureVerifier {
      count = 0;
      override verify(...given: Parameters<SignatureVerifier["verify"]>) {
        this.count += 1;
        return super.verify(...given);
      }
    }
    const counting = new Counting();
    const exporter = account(0, [exportOf("stream", "secret.>", { tokenRequired: true })]);
    const token = activation();
    const importer = account(1, [], [importOf("stream", 0, "secret.x", { token })]);
    const specs = () => accountSpecs([exporter, importer], NOW_MS, counting).specs[1]?.imports;
    expect(specs()).toHaveLength(1);
    const { count } = counting;
    expect(specs()).toHaveLength(1);
    expect([count > 0, counting.count]).toEqual([true, count]);
    // Not by who imports it, nor by whoever verified it otherwise.
    const strange = { ...importer, key: KEYS[2] };
    const { problems } = accountSpecs([exporter, strange], NOW_MS, counting);
    expect(problems[0]?.problem).toMatch(/doesn't match account it is being included in/);
  });
});
