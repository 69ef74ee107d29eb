// Accounts of the configuration beside accounts by tokens (GP-1): they import from each other, whichever
// comes first, and callouts that place users among users with tokens are told of (SA-22, SA-32).
import { type AccountSpec, compileAccounts, LiveAccounts } from "@weft/accounts";
import { compilePermissions, type Identity, isPublicKey, SignatureVerifier } from "@weft/auth";
import {
  type AccountBody,
  encodeClaims,
  newAccountClaims,
  newExport,
  newImport,
  newUserClaims,
  type Signer,
  type TrustedAccount,
  trustKeys,
} from "@weft/jwt";
import { describe, expect, test } from "vitest";

import { CalloutOverlaps } from "./callout-overlaps.ts";
import { JwtLogins } from "./jwt-logins.ts";
import { OperatorAccounts } from "./operator-accounts.ts";
import { testSigner } from "./testing/test-signer.ts";
import { TokenReader } from "./token-reader.ts";

const OPERATOR = testSigner("operator", 1);
const [A, B, SHOP_KEY] = [1, 2, 3].map((seed) => testSigner("account", seed)) as [
  Signer,
  Signer,
  Signer,
];
const FACTS = { nonce: Buffer.from("nonce"), connectionType: "STANDARD" } as const;
const NOW = 1_800_000_000_000;

const SHOP: AccountSpec = {
  name: "SHOP",
  nkey: SHOP_KEY.publicKey,
  exports: [
    { kind: "service", subject: "price", accounts: [A.publicKey] },
    { kind: "stream", subject: "news.*" },
  ],
  imports: [{ kind: "stream", account: A.publicKey, subject: "from.a" }],
};

function stage(specs: readonly AccountSpec[]) {
  const isForeign = (name: string): boolean => isPublicKey(name, "account");
  const compiled = compileAccounts(specs, { isForeign });
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors));
  const live = new LiveAccounts(compiled.snapshot, { isForeign, takeFreeIndex: () => undefined });
  const verifier = new SignatureVerifier();
  const operators = trustKeys([OPERATOR.publicKey]);
  const accounts = new OperatorAccounts({ operators, live, verifier });
  const put = (key: Signer, body: Partial<AccountBody>) => {
    const fresh = newAccountClaims(key.publicKey);
    const made = encodeClaims({ ...fresh, nats: { ...fresh.nats, ...body } }, OPERATOR, 1);
    if (!made.ok) throw new Error(made.error.message);
    expect(accounts.put(key.publicKey, made.token, NOW).ok).toBe(true);
    return accounts.commit(NOW);
  };
  /** `importer < exporter: subject` of everything that is imported. */
  const imports = (): string[] => {
    const { accounts: all, streamImports, serviceImports } = live.snapshot();
    const nameOf = (index: number): string => all[index]?.name ?? "";
    return [
      ...streamImports.map(({ importer, exporter, from }) => [importer, exporter, from] as const),
      ...serviceImports.map(({ importer, exporter, to }) => [importer, exporter, to] as const),
    ].map(([importer, exporter, subject]) => {
      return `${nameOf(importer)} < ${nameOf(exporter)}: ${subject}`;
    });
  };
  return { accounts, live, put, imports };
}

function importOf(exporter: Signer, subject: string, type: "stream" | "service") {
  return newImport(type, subject, exporter.publicKey);
}

const FROM_SHOP = [importOf(SHOP_KEY, "price", "service"), importOf(SHOP_KEY, "news.*", "stream")];
const FROM_A = {
  ...newAccountClaims(A.publicKey).nats,
  exports: [newExport("stream", "from.a")],
};

describe("accounts of the configuration and accounts by tokens", () => {
  test("SA-28 SA-25: import from each other, by public keys", () => {
    const { accounts, live, put, imports } = stage([SHOP]);
    expect(accounts.configure([SHOP])).toEqual([]);
    expect(live.indexOf("SHOP")).toBe(2);
    expect(accounts.isWanted(A.publicKey)).toBe(true);
    expect(accounts.configured.untold()).toEqual([
      expect.stringMatching(/^Account SHOP: "A\w+" account not defined for stream import$/),
    ]);
    put(A, { ...FROM_A, imports: FROM_SHOP });
    const a = A.publicKey;
    expect(imports().sort()).toEqual(
      [`SHOP < ${a}: from.a`, `${a} < SHOP: news.*`, `${a} < SHOP: price`].sort(),
    );
    expect(accounts.missingExporters(a)).toEqual([]);
    expect(accounts.configured.untold()).toEqual([]);
    // Not among those that may import it.
    const { texts } = put(B, { imports: FROM_SHOP });
    expect(imports().filter((one) => one.startsWith(B.publicKey))).toEqual([
      `${B.publicKey} < SHOP: news.*`,
    ]);
    expect(texts.join()).toMatch(/service import not authorized/);
    accounts.remove(a, "refused");
    accounts.commit(NOW);
    expect(imports()).toEqual([`${B.publicKey} < SHOP: news.*`]);
  });

  test("RL-05: follow a reload: other exports, another name, gone", () => {
    const { accounts, live, put, imports } = stage([SHOP]);
    accounts.configure([SHOP]);
    put(A, { ...FROM_A, imports: FROM_SHOP });
    const a = A.publicKey;
    const poorer = { ...SHOP, exports: SHOP.exports?.slice(0, 1), imports: [] };
    accounts.configure([poorer]);
    expect(imports()).toEqual([`${a} < SHOP: price`]);
    accounts.commit(NOW);
    expect(accounts.get(a)?.problems.join()).toMatch(/stream import not authorized/);
    expect(accounts.configure([{ ...SHOP, name: "STORE" }])).toEqual([2]);
    accounts.commit(NOW);
    expect(imports().sort()).toEqual(
      [`STORE < ${a}: from.a`, `${a} < STORE: news.*`, `${a} < STORE: price`].sort(),
    );
    expect(accounts.configure([])).toEqual([live.accounts.length - 1]);
    accounts.commit(NOW);
    expect(imports()).toEqual([]);
    expect(accounts.configured.has(SHOP_KEY.publicKey)).toBe(false);
  });

  test("AC-56: what a reload does to accounts by tokens that are not of it is told", () => {
    const exports = [newExport("service", "x")];
    const shop: AccountSpec = {
      name: "SHOP",
      nkey: SHOP_KEY.publicKey,
      exports: [{ kind: "service", subject: "x" }],
      imports: [{ kind: "service", account: A.publicKey, subject: "x" }],
    };
    const { accounts, put } = stage([shop]);
    accounts.configure([shop]);
    put(A, { exports });
    put(B, { exports, imports: [importOf(SHOP_KEY, "x", "service")] });
    put(A, { exports, imports: [importOf(B, "x", "service")] });
    const problems = () => accounts.get(A.publicKey)?.problems.join();
    expect(problems()).toMatch(/forms a cycle/);
    // Nothing of it concerns A, but that it opens the circle.
    accounts.configure([{ ...shop, imports: [] }]);
    expect(problems()).toBe("");
    expect([accounts.isDirty, accounts.commit(NOW).texts]).toEqual([true, []]);
    accounts.commit(NOW);
    expect(accounts.isDirty).toBe(false);
  });

  test("GP-1: take the place of accounts by tokens, by key or by name", () => {
    const { accounts, live, put } = stage([SHOP]);
    accounts.configure([SHOP]);
    for (const key of [A, B]) put(key, {});
    const [a, b] = [A.publicKey, B.publicKey];
    accounts.configure([SHOP, { name: "MINE", nkey: a }, { name: b }]);
    const { gone } = accounts.commit(NOW);
    expect(gone).toEqual([{ key: a, end: "refused" }]);
    expect([a, b].map((key) => accounts.get(key))).toEqual([undefined, undefined]);
    const open = live.accounts.filter(({ retired }) => retired !== true);
    expect(open.map(({ name }) => name).sort()).toEqual(["$SYS", "$G", "MINE", "SHOP", b].sort());
  });

  test("AC-05: the places of `$G` and of the system account are never given up", () => {
    const system = { name: "$SYS", exports: SHOP.exports };
    const { accounts, live } = stage([system]);
    const global = { name: "$G", mappings: [{ source: "a", destinations: [{ subject: "b" }] }] };
    accounts.configure([global, system]);
    expect([live.indexOf("$G"), live.indexOf("$SYS")]).toEqual([0, 1]);
    expect(live.accounts[0]?.mappings).toHaveLength(1);
    expect(accounts.configure([{ name: "$G" }])).toEqual([]);
    expect(live.accounts.map(({ name, retired }) => [name, retired])).toEqual([
      ["$G", undefined],
      ["$SYS", undefined],
    ]);
    expect(live.accounts[0]?.mappings).toHaveLength(0);
  });
});

describe("one mechanism for each account", () => {
  const PERMISSIONS = { permissionsKey: "", permissions: compilePermissions(undefined) };

  test("SA-22: users go whose account turns to the other mechanism", () => {
    const { accounts, put } = stage([]);
    const rules = {
      operators: trustKeys([OPERATOR.publicKey]),
      pinnedAccounts: undefined,
      sentinel: undefined,
      timeZone: "UTC",
    };
    const [held, loose] = [true, false].map(
      (oneMechanism) => new JwtLogins({ ...rules, oneMechanism }, () => NOW),
    );
    const told = (authUsers: readonly string[]): (string | undefined)[] => {
      put(A, { authorization: { authUsers, allowedAccounts: [], xkey: "" } });
      return [held, loose].flatMap((logins) => {
        logins?.know(accounts.forLogins(A.publicKey), []);
        const placed = { kind: "callout", user: "x", accountName: A.publicKey, ...PERMISSIONS };
        const user = testSigner("user", 1);
        const fresh = newUserClaims(user.publicKey);
        const claims = { ...fresh, nats: { ...fresh.nats, bearerToken: true } };
        const made = encodeClaims(claims, A, 1);
        const text = made.ok ? made.token : "";
        const token = { text, name: "", tags: [], issuerKey: "", issuedAtSeconds: 0 };
        const direct = { ...placed, kind: "jwt", token };
        // GP-14: whom a module places is judged alike.
        const byModule = { ...placed, kind: "plugin" } as Identity;
        const alike = logins?.judgeAgain(placed as Identity, FACTS).kind;
        expect(logins?.judgeAgain(byModule, FACTS).kind).toBe(alike);
        return [placed, direct].map(
          (identity) => logins?.judgeAgain(identity as Identity, FACTS).kind,
        );
      });
    };
    expect(told([])).toEqual(["ended", "granted", "granted", "granted"]);
    expect(told([testSigner("user", 2).publicKey])).toEqual([
      "granted",
      "ended",
      "granted",
      "granted",
    ]);
    // The service itself.
    expect(told([testSigner("user", 1).publicKey])[1]).toBe("granted");
  });

  test("GP-1: nobody brings a token for an account of the configuration", () => {
    const { accounts } = stage([SHOP]);
    accounts.configure([SHOP]);
    const made = encodeClaims(newAccountClaims(SHOP_KEY.publicKey), OPERATOR, 1);
    const reader = new TokenReader(
      trustKeys([OPERATOR.publicKey]),
      new Set(),
      new SignatureVerifier(),
      (key) => accounts.configured.has(key),
    );
    expect(reader.verifyAccountJwt(made.ok ? made.token : "", NOW)).toMatchObject({
      ok: false,
      fault: "invalid",
      error: "account is one of the configuration",
    });
  });
});

describe("callouts and users with tokens", () => {
  const account = (key: Signer, allowed?: readonly string[]): TrustedAccount => {
    const claims = newAccountClaims(key.publicKey);
    const authorization =
      allowed === undefined
        ? claims.nats.authorization
        : { authUsers: ["U"], allowedAccounts: allowed, xkey: "" };
    const nats = { ...claims.nats, authorization };
    return { key: key.publicKey, claims: { ...claims, nats }, signers: new Map(), findings: [] };
  };

  test("SA-22 SA-32: an account that would have both is told, whichever comes first", () => {
    const [asking, plain] = [account(A, [B.publicKey]), account(B)];
    const none = (): undefined => undefined;
    const first = new CalloutOverlaps();
    expect(first.note([asking], none, false)).toEqual([]);
    expect(first.note([plain], () => plain, false)).toEqual([
      `Account ${A.publicKey}: its callout may place users into account ${B.publicKey}, which ` +
        "takes user JWTs: an account should have one mechanism",
    ]);
    const second = new CalloutOverlaps();
    second.note([plain], none, true);
    expect(second.note([asking], () => plain, true).join()).toMatch(/cannot place users into/);
    // An account whose claims name a callout takes no others.
    expect(second.note([account(B, [])], () => account(B, []), true)).toEqual([]);
    second.forget(A.publicKey);
    expect(second.note([plain], () => plain, true)).toEqual([]);
    expect(first.note([account(A, ["*"])], none, false).join()).toMatch(/into any account/);
    expect(first.note([account(A, [A.publicKey])], () => account(A, []), false)).toEqual([]);
  });

  test("SA-22 SA-32: a change is told once, and looks at no account that it does not concern", () => {
    const asked: string[] = [];
    const find = (key: string) => {
      asked.push(key);
      return account(B);
    };
    const overlaps = new CalloutOverlaps();
    const both = [account(A, [B.publicKey]), account(B)];
    expect(overlaps.note(both, find, false)).toHaveLength(1);
    asked.length = 0;
    const other = testSigner("account", 9);
    expect(overlaps.note([account(other)], find, false)).toEqual([]);
    expect(asked).toEqual([other.publicKey]);
    const places = Array.from({ length: 1_000 }, (_, at) => `place ${at}`);
    const texts = overlaps.note([account(other, places)], find, false);
    expect([texts.length, texts.at(-1)]).toEqual([
      101,
      "900 more accounts into which a callout may place users",
    ]);
  });
});
