// Users whom a callout has placed into an account by token: what becomes of them when what vouched for
// them is taken away (AN-65, AC-93). It is what becomes of users with tokens of their own.
import { LiveAccounts } from "@weft/accounts";
import {
  CALLOUT_SUBJECT,
  type CompiledPermissions,
  compilePermissions,
  type Identity,
  type LoginFacts,
  type PermissionsSpec,
  type PlacedFacts,
  SignatureVerifier,
} from "@weft/auth";
import {
  type AccountBody,
  encodeClaims,
  newAccountClaims,
  newUserScope,
  type Signer,
  templateKey,
  trustKeys,
} from "@weft/jwt";
import { describe, expect, test } from "vitest";
import { JwtLogins } from "./jwt-logins.ts";
import { OperatorAccounts, type OperatorChange } from "./operator-accounts.ts";
import { testSigner } from "./testing/test-signer.ts";

const OPERATOR = testSigner("operator", 1);
const [AUTH, APP, OTHER, PLAIN, SCOPED] = [
  testSigner("account", 1),
  testSigner("account", 2),
  testSigner("account", 3),
  testSigner("account", 4),
  testSigner("account", 5),
];
const [SERVICE, PLACED, STRANGER] = [
  testSigner("user", 1),
  testSigner("user", 2),
  testSigner("user", 3),
];
const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1_000;
const FACTS: LoginFacts = { nonce: Buffer.from("nonce"), connectionType: "STANDARD" };
const LIMITS = {
  connectionsMax: -1,
  subscriptionsMax: -1,
  payloadBytesMax: -1,
  leafnodesMax: -1,
};
const BASE = {
  accounts: ["$G", ""].map((name, index) => ({ index, name, limits: LIMITS, mappings: [] })),
  hasSystemAccount: false,
  streamImports: [],
  serviceImports: [],
};
const OPERATORS = trustKeys([OPERATOR.publicKey]);
const RULES = {
  operators: OPERATORS,
  pinnedAccounts: undefined,
  sentinel: undefined,
  oneMechanism: false,
  timeZone: "UTC",
};

function calloutInto(...allowedAccounts: string[]): Partial<AccountBody> {
  return { authorization: { authUsers: [SERVICE.publicKey], allowedAccounts, xkey: "" } };
}

function signing(subject?: string): Required<Pick<AccountBody, "signingKeys">> {
  const scope = newUserScope(SCOPED.publicKey);
  const publish = { allow: subject === undefined ? undefined : [subject], deny: undefined };
  const template = { ...scope.template, publish };
  return {
    signingKeys: new Map([
      [PLAIN.publicKey, undefined],
      [SCOPED.publicKey, { ...scope, template }],
    ]),
  };
}

/** The accounts as they are told, and one worker. */
class Bench {
  readonly live = new LiveAccounts(BASE, { takeFreeIndex: () => undefined });
  readonly #accounts = new OperatorAccounts({
    operators: OPERATORS,
    live: this.live,
    verifier: new SignatureVerifier(),
  });
  #nowMs = NOW;
  readonly #logins = new JwtLogins(RULES, () => this.#nowMs);

  constructor(callout: Partial<AccountBody> = calloutInto(APP.publicKey)) {
    this.put(AUTH, callout);
    this.put(APP, signing());
    this.put(OTHER);
  }

  put(
    key: Signer,
    body: Partial<AccountBody> = {},
    tags: string[] = [],
    expiresAtSeconds = 0,
  ): OperatorChange {
    const fresh = newAccountClaims(key.publicKey);
    const claims = { ...fresh, tags, expiresAtSeconds, nats: { ...fresh.nats, ...body } };
    const made = encodeClaims(claims, OPERATOR, SECONDS - 60);
    if (!made.ok) throw new Error(made.error.message);
    expect(this.#accounts.put(key.publicKey, made.token, this.#nowMs).ok).toBe(true);
    return this.#commit();
  }

  remove(key: Signer): OperatorChange {
    this.#accounts.remove(key.publicKey, "account expired");
    return this.#commit();
  }

  /** So much later. */
  wait(seconds: number): OperatorChange {
    this.#nowMs += seconds * 1_000;
    this.#accounts.tick(this.#nowMs);
    return this.#commit();
  }

  get nowSeconds(): number {
    return this.#nowMs / 1_000;
  }

  isJudged({ judged }: OperatorChange, key: Signer): boolean {
    return judged.has(this.live.indexOf(key.publicKey) ?? -1);
  }

  /** Both looks at somebody: an end is known without the second one. */
  verdict(facts: Partial<PlacedFacts> = {}, account = APP): string {
    const identity = placed(facts, account);
    const known = this.#logins.knownEnd(identity);
    const verdict = this.#logins.judgeAgain(identity, FACTS);
    expect(known).toEqual(verdict.kind === "ended" ? verdict : undefined);
    return verdict.kind === "ended" ? `${verdict.why}: ${verdict.detail}` : "stays";
  }

  knownEnd(facts: Partial<PlacedFacts>): unknown {
    return this.#logins.knownEnd(placed(facts, APP));
  }

  denied(facts: Partial<PlacedFacts>, account = APP): string {
    return this.#granted(placed(facts, account)).permissionsKey;
  }

  /** Who somebody in APP is now. */
  now(facts: Partial<PlacedFacts>, permissions: CompiledPermissions): Identity {
    return this.#granted({ ...placed(facts, APP), permissions });
  }

  #granted(identity: Identity): Identity {
    const verdict = this.#logins.judgeAgain(identity, FACTS);
    if (verdict.kind !== "granted") throw new Error(verdict.detail);
    return verdict.identity;
  }

  #commit(): OperatorChange {
    const change = this.#accounts.commit(this.#nowMs);
    this.#logins.know(change.trusted, change.gone);
    return change;
  }
}

/** By the scoped key, with the template that `body` gives to it. */
function placedBy(body: Pick<AccountBody, "signingKeys">): Partial<PlacedFacts> {
  const { publicKey: issuerKey } = SCOPED;
  const claims = newAccountClaims(APP.publicKey);
  const account = { key: APP.publicKey, claims, signers: body.signingKeys, findings: [] };
  return { issuerKey, templateKey: templateKey(account, issuerKey) };
}

function placed(facts: Partial<PlacedFacts>, account: Signer): Identity {
  return {
    kind: "callout",
    user: "ann",
    accountName: account.publicKey,
    permissionsKey: "",
    permissions: compilePermissions(undefined),
    placed: {
      calloutAccount: AUTH.publicKey,
      userKey: PLACED.publicKey,
      issuerKey: account.publicKey,
      templateKey: "",
      issuedAtSeconds: SECONDS - 30,
      hasDefaultPermissions: false,
      ...facts,
    },
  };
}

describe("AN-65 AC-93: whom a callout placed into an account by token", () => {
  test("AN-52: goes when the signing key of his user does, or its template is another", () => {
    const bench = new Bench();
    const byPlain = { issuerKey: PLAIN.publicKey };
    const byScope = placedBy(signing());
    expect([bench.verdict(), bench.verdict(byPlain), bench.verdict(byScope)]).toEqual(
      Array(3).fill("stays"),
    );
    bench.put(APP, signing("public.>"));
    expect(bench.verdict(byScope)).toMatch(/^refused: the template of the signing key has changed/);
    expect(bench.verdict(byPlain)).toBe("stays");
    bench.put(APP);
    expect(bench.verdict(byPlain)).toBe(`refused: user issuer unknown: ${PLAIN.publicKey}`);
    expect(bench.verdict(byScope)).toMatch(/^refused: user issuer unknown/);
    expect(bench.verdict()).toBe("stays");
  });

  test("AN-52 AN-65: goes for another template however many changes came since he was placed", () => {
    const bench = new Bench();
    const byScope = placedBy(signing("wide.>"));
    bench.put(APP, signing("wide.>"));
    expect(bench.verdict(byScope)).toBe("stays");
    bench.put(APP, signing("narrow.>"));
    bench.put(OTHER, { description: "it makes nobody forget the template of before" });
    expect(bench.verdict(byScope)).toMatch(/^refused: the template of the signing key has changed/);
    // The key was gone meanwhile.
    bench.put(APP, signing("wide.>"));
    expect(bench.verdict(byScope)).toBe("stays");
    bench.put(APP);
    bench.put(APP, signing("narrow.>"));
    expect(bench.verdict(byScope)).toMatch(/^refused: the template of the signing key has changed/);
    // It has no scope any more, or has one now.
    bench.put(APP, { signingKeys: new Map([[SCOPED.publicKey, undefined]]) });
    expect(bench.verdict(byScope)).toMatch(/^refused: the template/);
    bench.put(APP, { signingKeys: new Map([[PLAIN.publicKey, newUserScope(PLAIN.publicKey)]]) });
    expect(bench.verdict({ issuerKey: PLAIN.publicKey })).toMatch(/^refused: the template/);
  });

  test("AN-53: goes when a variable of the template may have become another text", () => {
    const bench = new Bench();
    const [fixed, varied] = [signing("fixed.>"), signing("{{account-tag(region)}}.>")];
    for (const [body, expected] of [
      [fixed, /^stays/],
      [varied, /^refused: the template/],
    ] as const) {
      const byScope = placedBy(body);
      bench.put(APP, body);
      expect(bench.verdict(byScope)).toBe("stays");
      bench.put(APP, body, ["region:eu"]);
      expect(bench.verdict(byScope)).toMatch(expected);
    }
  });

  test("AN-49: goes when everybody before a time is revoked, or the key of the answer's user", () => {
    const bench = new Bench();
    for (const whom of ["*", PLACED.publicKey]) {
      bench.put(APP, { revocations: new Map([[whom, SECONDS - 31]]) });
      expect(bench.verdict()).toBe("stays");
      bench.put(APP, { revocations: new Map([[whom, SECONDS - 30]]) });
      expect(bench.verdict()).toBe("revoked: user revoked");
      expect(bench.verdict({ issuedAtSeconds: SECONDS - 29 })).toBe("stays");
    }
    bench.put(APP, { revocations: new Map([[STRANGER.publicKey, SECONDS]]) });
    expect(bench.verdict()).toBe("stays");
  });

  test("AC-93: follows the default permissions where he has none of his own", () => {
    const bench = new Bench();
    const { defaultPermissions } = newAccountClaims(APP.publicKey).nats;
    const publish = { allow: undefined, deny: ["secret.>"] };
    bench.put(APP, { defaultPermissions: { ...defaultPermissions, publish } });
    expect(bench.denied({ hasDefaultPermissions: true })).toContain("secret.>");
    expect(bench.denied({})).toBe("");
    // AN-69.
    const auth = { ...calloutInto(), defaultPermissions: { ...defaultPermissions, publish } };
    bench.put(AUTH, auth);
    expect(bench.denied({ hasDefaultPermissions: true }, AUTH)).toContain(
      `["$SYS.REQ.USER.AUTH","secret.>"]`,
    );
  });

  test("AN-65: goes when the service may not place users there any more, and nobody else", () => {
    const bench = new Bench(calloutInto(APP.publicKey, OTHER.publicKey));
    expect([bench.verdict({}, APP), bench.verdict({}, OTHER)]).toEqual(["stays", "stays"]);
    const narrowed = bench.put(AUTH, calloutInto(OTHER.publicKey));
    expect([APP, OTHER, AUTH].map((key) => bench.isJudged(narrowed, key))).toEqual([
      true,
      false,
      true,
    ]);
    expect(bench.verdict({}, APP)).toBe("refused: the callout places nobody here any more");
    expect([bench.verdict({}, OTHER), bench.verdict({}, AUTH)]).toEqual(["stays", "stays"]);
    const withdrawn = bench.put(AUTH);
    expect([APP, OTHER].map((key) => bench.isJudged(withdrawn, key))).toEqual([false, true]);
    expect(bench.verdict({}, OTHER)).toMatch(/^refused/);
    expect(bench.verdict({}, AUTH)).toMatch(/^refused/);
  });

  test("A57 AN-65: costs the same however many accounts the service may place users into", () => {
    const many = Array.from({ length: 12_000 }, () => OTHER.publicKey);
    const bench = new Bench(calloutInto(...many, APP.publicKey));
    const began = performance.now();
    bench.put(AUTH, calloutInto(...many.slice(1), APP.publicKey));
    for (let count = 0; count < 2_000; count += 1) expect(bench.verdict({}, APP)).toBe("stays");
    // It was 12 s for the account, and 1.6 s for those who were placed.
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test("AN-69: asks in no server's name where the account has a service, whoever placed him", () => {
    const bench = new Bench();
    const may = (spec: PermissionsSpec | undefined, facts = {}): boolean[] => {
      const { permissions } = bench.now(facts, compilePermissions(spec));
      return [CALLOUT_SUBJECT, "other"].map((subject) => permissions.publishAllowed(subject));
    };
    const specs: [PermissionsSpec | undefined, object?][] = [
      [undefined],
      [{ publish: { allow: ["$SYS.>", "other"] } }],
      [{ publish: { deny: ["secret"] }, subscribe: { allow: ["x"] } }],
      [undefined, { hasDefaultPermissions: true }],
    ];
    for (const [spec, facts] of specs) expect(may(spec, facts)).toEqual([true, true]);
    bench.put(APP, { ...signing(), ...calloutInto() });
    for (const [spec, facts] of specs) expect(may(spec, facts)).toEqual([false, true]);
    const allow = ["other"];
    const { permissionsKey } = bench.now({}, compilePermissions({ publish: { allow } }));
    expect(permissionsKey).toBe("");
  });

  test("A57: costs next to nothing to look at again, however long the default permissions are", () => {
    const bench = new Bench();
    const { defaultPermissions } = newAccountClaims(APP.publicKey).nats;
    const allow = Array.from({ length: 3_500 }, (_, index) => `tenant.${index}.and.>`);
    const publish = { allow, deny: undefined };
    bench.put(APP, { defaultPermissions: { ...defaultPermissions, publish } });
    const facts = { hasDefaultPermissions: true };
    const permissionsKey = bench.denied(facts);
    const began = performance.now();
    // Those who have them already, and those who do not yet.
    for (let count = 0; count < 4_000; count += 1) {
      expect(bench.knownEnd(facts)).toBeUndefined();
      expect(bench.denied(facts)).toBe(permissionsKey);
    }
    // It was 4 s.
    expect(performance.now() - began).toBeLessThan(1_000);
  });

  test("AN-65: goes when the account of a service that placed users anywhere is deleted", () => {
    const bench = new Bench(calloutInto("*"));
    expect(bench.verdict()).toBe("stays");
    const wider = bench.put(AUTH, { ...calloutInto("*"), description: "the same callout" });
    expect(bench.isJudged(wider, APP)).toBe(false);
    const change = bench.remove(AUTH);
    expect([APP, OTHER].map((key) => bench.isJudged(change, key))).toEqual([true, true]);
    expect(bench.verdict()).toMatch(/^refused/);
  });

  test("AN-65: goes when the account of the service expires, as when it is deleted", () => {
    const bench = new Bench();
    for (const [callout, places] of [
      [calloutInto(APP.publicKey), [APP]],
      [calloutInto("*"), [APP, OTHER]],
    ] as const) {
      bench.put(AUTH, callout, [], bench.nowSeconds + 10);
      const early = bench.wait(9);
      expect([APP, OTHER, AUTH].filter((key) => bench.isJudged(early, key))).toEqual([]);
      expect(bench.verdict()).toBe("stays");
      const change = bench.wait(1);
      expect([APP, OTHER, AUTH].filter((key) => bench.isJudged(change, key))).toEqual([
        ...places,
        AUTH,
      ]);
      expect(bench.verdict()).toBe("refused: the callout places nobody here any more");
      expect(bench.verdict({}, AUTH)).toMatch(/^account expired/);
    }
    bench.put(AUTH, calloutInto(APP.publicKey));
    expect(bench.verdict()).toBe("stays");
  });
});
