// Accounts of operators that come, change and go, and the logins of their users by what workers are
// told of them.
import { LiveAccounts } from "@weft/accounts";
import { type Identity, SignatureVerifier } from "@weft/auth";
import {
  type AccountBody,
  encodeClaims,
  type ImportClaim,
  newAccountClaims,
  newActivationClaims,
  newExport,
  newImport,
  newUserClaims,
  type Signer,
  trustKeys,
} from "@weft/jwt";
import { describe, expect, test } from "vitest";
import { JwtLogins } from "./jwt-logins.ts";
import { OperatorAccounts, type OperatorChange } from "./operator-accounts.ts";
import { testSigner } from "./testing/test-signer.ts";
import { TokenReader } from "./token-reader.ts";

const OPERATOR = testSigner("operator", 1);
const NOW = 1_800_000_000_000;
const SECONDS = NOW / 1_000;
const BASE = {
  accounts: ["$G", ""].map((name, index) => ({ index, name, limits: NO_LIMITS(), mappings: [] })),
  hasSystemAccount: false,
  streamImports: [],
  serviceImports: [],
};

function NO_LIMITS() {
  return { connectionsMax: -1, subscriptionsMax: -1, payloadBytesMax: -1, leafnodesMax: -1 };
}

function accountToken(
  key: Signer,
  body: Partial<AccountBody> = {},
  { issuer = OPERATOR, expires = 0, at = SECONDS - 60 } = {},
): string {
  const fresh = newAccountClaims(key.publicKey);
  const claims = { ...fresh, expiresAtSeconds: expires, nats: { ...fresh.nats, ...body } };
  const made = encodeClaims(claims, issuer, at);
  if (!made.ok) throw new Error(made.error.message);
  return made.token;
}

/** Of the operator, with any text as its subject. */
function forgedToken(subject: string): string {
  const [header = "", body = ""] = accountToken(A).split(".");
  const claims = { ...JSON.parse(Buffer.from(body, "base64url").toString()), sub: subject };
  const text = `${header}.${Buffer.from(JSON.stringify(claims)).toString("base64url")}`;
  return `${text}.${Buffer.from(OPERATOR.sign(Buffer.from(text))).toString("base64url")}`;
}

class Bench {
  readonly live = new LiveAccounts(BASE, { takeFreeIndex: () => undefined });
  readonly accounts = new OperatorAccounts({
    operators: trustKeys([OPERATOR.publicKey]),
    live: this.live,
    verifier: new SignatureVerifier(),
  });
  nowMs = NOW;
  readonly logins = new JwtLogins(
    {
      operators: trustKeys([OPERATOR.publicKey]),
      pinnedAccounts: undefined,
      sentinel: undefined,
      oneMechanism: false,
      timeZone: "UTC",
    },
    () => this.nowMs,
  );

  put(key: Signer, body: Partial<AccountBody> = {}, times = {}): OperatorChange {
    const verdict = this.accounts.put(key.publicKey, accountToken(key, body, times), this.nowMs);
    expect(verdict.ok).toBe(true);
    return this.commit();
  }

  commit(): OperatorChange {
    const change = this.accounts.commit(this.nowMs);
    this.logins.know(change.trusted, change.gone);
    return change;
  }

  login(account: Signer, user: Signer, at = SECONDS - 30): ReturnType<JwtLogins["begin"]> {
    const fresh = newUserClaims(user.publicKey);
    const nats = { ...fresh.nats, bearerToken: true };
    const made = encodeClaims({ ...fresh, nats }, account, at);
    if (!made.ok) throw new Error(made.error.message);
    return this.logins.begin({ jwt: made.token }, FACTS);
  }

  identity(account: Signer, user: Signer): Identity {
    const outcome = this.login(account, user);
    if (outcome.kind !== "granted") throw new Error(outcome.kind);
    return outcome.identity;
  }
}

const FACTS = { nonce: Buffer.from("nonce"), connectionType: "STANDARD" } as const;
const [A, B] = [testSigner("account", 1), testSigner("account", 2)];
const [ANN, BOB] = [testSigner("user", 1), testSigner("user", 2)];

function limits(connectionsMax: number) {
  return { ...newAccountClaims(A.publicKey).nats.limits, connectionsMax };
}

/** An import of A's `secret.N`, with a token that is good for so long. */
function secretImport(at: number, times: { begins?: number; ends?: number }): ImportClaim {
  const fresh = newActivationClaims(B.publicKey);
  const claims = {
    ...fresh,
    notBeforeSeconds: times.begins ?? 0,
    expiresAtSeconds: times.ends ?? 0,
    nats: { ...fresh.nats, importSubject: `secret.${at}`, importType: "stream" as const },
  };
  const made = encodeClaims(claims, A, SECONDS - 60);
  if (!made.ok) throw new Error(made.error.message);
  return { ...newImport("stream", `secret.${at}`, A.publicKey), token: made.token };
}

const ASKING = { type: "service", token: "" } as const;

describe("accounts of operators", () => {
  test("AN-44: a login waits for an account that is not known, and is judged by it then", () => {
    const bench = new Bench();
    const waiting = bench.login(A, ANN);
    expect(waiting).toMatchObject({ kind: "pending", wait: { kind: "account", key: A.publicKey } });
    if (waiting.kind !== "pending" || waiting.wait.kind !== "account") throw new Error();
    const { wait } = waiting;
    expect(bench.logins.finish(wait, { kind: "account", error: "x" }, FACTS).kind).toBe("denied");
    bench.put(A);
    expect(bench.logins.finish(wait, { kind: "account" }, FACTS).kind).toBe("granted");
    expect(bench.login(A, ANN).kind).toBe("granted");
    expect(bench.login(B, ANN).kind).toBe("pending");
  });

  test("AN-49, AN-47: who is judged again", () => {
    const bench = new Bench();
    bench.put(A, {}, { expires: SECONDS + 10 });
    const [ann, bob] = [bench.identity(A, ANN), bench.identity(A, BOB)];
    const again = (who: Identity) => {
      const verdict = bench.logins.judgeAgain(who, FACTS);
      // What is known without the token is what the token leads to.
      const known = bench.logins.knownEnd(who);
      expect(known).toEqual(verdict.kind === "ended" ? verdict : undefined);
      return verdict;
    };
    expect(again(ann)).toMatchObject({ kind: "granted", identity: { user: ANN.publicKey } });
    const revocations = new Map([[ANN.publicKey, SECONDS]]);
    const change = bench.put(A, { revocations }, { expires: SECONDS + 10 });
    expect([...change.judged]).toEqual([bench.live.indexOf(A.publicKey)]);
    expect(again(ann)).toMatchObject({ kind: "ended", why: "revoked" });
    expect(again(bob).kind).toBe("granted");
    bench.nowMs += 11_000;
    bench.accounts.tick(bench.nowMs);
    expect(bench.accounts.isDirty).toBe(true);
    expect(bench.commit().expired).toEqual([A.publicKey]);
    expect(again(bob)).toMatchObject({ kind: "ended", why: "account expired" });
    // It may have been renewed where it came from.
    expect(bench.login(A, BOB).kind).toBe("pending");
    bench.put(A, {}, { at: SECONDS + 11 });
    expect(again(bob).kind).toBe("granted");
    bench.accounts.remove(A.publicKey, "account expired");
    expect(bench.commit().gone).toEqual([{ key: A.publicKey, end: "account expired" }]);
    expect(again(bob)).toMatchObject({ kind: "ended", why: "account expired" });
  });

  test("AC-87: a token that is brought early is in force when it is good, and not before", () => {
    const bench = new Bench();
    bench.put(A);
    const early = (change: Partial<AccountBody>, at: number): string => {
      const fresh = newAccountClaims(A.publicKey);
      const nats = { ...fresh.nats, ...change };
      const claims = { ...fresh, notBeforeSeconds: SECONDS + 10, nats };
      const made = encodeClaims(claims, OPERATOR, at);
      return made.ok ? made.token : "";
    };
    const revocations = new Map([["*", SECONDS]]);
    const verdict = bench.accounts.put(A.publicKey, early({ revocations }, SECONDS), NOW);
    expect(verdict).toMatchObject({ ok: false, refusal: { notBeforeSeconds: SECONDS + 10 } });
    bench.accounts.tick(NOW + 9_000);
    expect(bench.accounts.isDirty).toBe(false);
    expect(bench.login(A, ANN).kind).toBe("granted");
    bench.accounts.tick(NOW + 10_000);
    expect(bench.commit().trusted).toHaveLength(1);
    expect(bench.login(A, ANN).kind).toBe("denied");
    // Another one that came meanwhile takes its place.
    bench.put(A);
    bench.accounts.put(A.publicKey, early({ revocations }, SECONDS), NOW);
    bench.put(A, {}, { at: SECONDS + 1 });
    bench.accounts.tick(NOW + 20_000);
    expect(bench.accounts.isDirty).toBe(false);
  });

  test("AC-94: the same token changes nothing, another operator's is refused", () => {
    const bench = new Bench();
    const token = accountToken(A);
    bench.accounts.put(A.publicKey, token, NOW);
    bench.commit();
    expect(bench.accounts.put(A.publicKey, token, NOW).ok).toBe(true);
    expect(bench.accounts.isDirty).toBe(false);
    const issuer = testSigner("operator", 2);
    const verdict = bench.accounts.put(B.publicKey, accountToken(B, {}, { issuer }), NOW);
    expect(verdict).toMatchObject({ ok: false, refusal: { reason: "issuer not trusted" } });
    const reader = new TokenReader(
      trustKeys([OPERATOR.publicKey]),
      new Set([issuer.publicKey]),
      new SignatureVerifier(),
    );
    expect(reader.verifyAccountJwt(token, NOW)).toMatchObject({ ok: true, subject: A.publicKey });
    expect(reader.verifyAccountJwt(accountToken(B, {}, { issuer }), NOW)).toMatchObject({
      ok: false,
      fault: "identity-key",
    });
    expect(reader.verifyAccountJwt("x", NOW)).toMatchObject({ ok: false });
    // CVE-2022-28357: signed by the operator, and yet no account.
    for (const publicKey of ["../evil", "/tmp/evil", ANN.publicKey, A.publicKey.slice(1), "*"]) {
      const named = forgedToken(publicKey);
      expect(reader.verifyAccountJwt(named, NOW), publicKey).toMatchObject({ ok: false });
      expect(bench.accounts.put(publicKey, named, NOW).ok).toBe(false);
    }
  });

  test("RL-06: only a lower limit of connections is told as one", () => {
    const bench = new Bench();
    bench.put(A, { limits: limits(5) });
    const index = bench.live.indexOf(A.publicKey) as number;
    expect(bench.put(A, { limits: limits(9) }).lowered.size).toBe(0);
    expect(bench.put(A, { limits: limits(3) }).lowered).toEqual(new Map([[index, 3]]));
    expect(bench.put(A, { limits: limits(-1) }).lowered.size).toBe(0);
  });

  test("AC-52: activations begin and end by themselves; nobody is judged, and each is told once", () => {
    const bench = new Bench();
    const exports = [{ ...newExport("stream", "secret.*"), tokenRequired: true }];
    bench.put(A, { exports });
    const imports = [
      secretImport(0, { begins: SECONDS + 2 }),
      secretImport(1, { ends: SECONDS + 4 }),
      secretImport(2, {}),
    ];
    const first = bench.put(B, { imports });
    const importing = (): number => bench.live.snapshot().streamImports.length;
    expect([importing(), first.judged.size, first.trusted.length]).toEqual([2, 0, 1]);
    expect(first.texts.join()).toMatch(/"secret\.0" from \w+: claim is not yet valid/);
    const at = (ms: number): OperatorChange | undefined => {
      bench.nowMs = NOW + ms;
      bench.accounts.tick(bench.nowMs);
      return bench.accounts.isDirty ? bench.commit() : undefined;
    };
    expect(at(1_999)).toBeUndefined();
    const begun = at(2_000);
    expect([importing(), begun?.texts]).toEqual([3, []]);
    expect([begun?.judged.size, begun?.trusted.length]).toEqual([0, 0]);
    expect(at(3_999)).toBeUndefined();
    const ended = at(4_000);
    expect([importing(), ended?.judged.size, ended?.trusted.length]).toEqual([2, 0, 0]);
    expect(ended?.texts.join()).toMatch(/"secret\.1" from \w+: activation expired/);
    // A change of the exporter looks at them again, and finds nothing new.
    expect(bench.put(A, { exports }, { at: SECONDS - 50 }).texts).toEqual([]);
    expect(bench.accounts.get(B.publicKey)?.problems).toHaveLength(1);
    expect(bench.put(B, { imports }, { at: SECONDS - 50 }).texts).toHaveLength(1);
  });

  test("AC-52: a clock that is set back ends what it began and begins what it ended", () => {
    const bench = new Bench();
    bench.put(A, { exports: [{ ...newExport("stream", "secret.*"), tokenRequired: true }] });
    const imports = [
      secretImport(0, { begins: SECONDS + 1_000 }),
      secretImport(1, { ends: SECONDS + 1_000 }),
    ];
    bench.put(B, { imports });
    const at = (ms: number): string[] => {
      bench.nowMs = NOW + ms;
      bench.accounts.tick(bench.nowMs);
      if (bench.accounts.isDirty) bench.commit();
      return bench.live.snapshot().streamImports.map(({ from }) => from);
    };
    const [later, sooner] = [["secret.0"], ["secret.1"]];
    expect([at(0), at(2_000_000), at(1_000)]).toEqual([sooner, later, sooner]);
    // It jumps between two ticks, and goes back in small steps.
    bench.nowMs = NOW + 1_000_500;
    bench.put(B, { imports }, { at: SECONDS - 50 });
    expect([at(999_800), at(999_000)]).toEqual([later, sooner]);
    // Once is enough.
    bench.accounts.tick(bench.nowMs);
    expect(bench.accounts.isDirty).toBe(false);
  });

  test("attack 45: who is left out for a circle is told once, and comes when it opens", () => {
    const bench = new Bench();
    const asking = ({ publicKey }: Signer) => ({
      exports: [newExport("service", "x")],
      imports: [{ ...secretImport(0, {}), ...ASKING, account: publicKey, subject: "x" }],
    });
    bench.put(A, asking(B));
    const closing = bench.put(B, asking(A));
    expect(closing.texts.filter((text) => text.includes("forms a cycle"))).toHaveLength(1);
    const circling = [A, B].find((key) => bench.accounts.get(key.publicKey)?.problems.length);
    const problems = () => bench.accounts.get(circling?.publicKey ?? "")?.problems ?? [];
    const C = testSigner("account", 3);
    for (let count = 0; count < 5; count += 1) {
      expect(bench.put(C, {}, { at: SECONDS - 50 + count }).texts).toEqual([]);
    }
    expect(problems()).toHaveLength(1);
    const other = circling === A ? B : A;
    bench.put(other, {}, { at: SECONDS - 40 });
    expect(problems().join()).not.toMatch(/cycle/);
  });
});
