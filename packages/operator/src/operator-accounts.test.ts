// Accounts of operators that come, change and go, and the logins of their users by what workers are
// told of them.
import { LiveAccounts } from "@weft/accounts";
import { type Identity, SignatureVerifier } from "@weft/auth";
import {
  type AccountBody,
  encodeClaims,
  newAccountClaims,
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
});
