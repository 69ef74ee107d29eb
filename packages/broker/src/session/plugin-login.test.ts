// Logins that a module or a callout service has answered, as a worker takes the answer (GP-14, AN-32,
// AN-82): who has to come through a proxy, who may be placed where, and who never sent CONNECT.
import { type AccountSpec, compileAccounts } from "@weft/accounts";
import {
  type AuthSpec,
  type CalloutUser,
  compilePermissions,
  type Identity,
  type LoginAnswer,
  type LoginFacts,
  type LoginOutcome,
  type TokenLogins,
  type TokenVerdict,
} from "@weft/auth";
import { describe, expect, test } from "vitest";
import type { BrokerSnapshot } from "../ports.ts";
import { beginBy, finishBy } from "./plugin-login.ts";
import type { PendingLogin } from "./session-host.ts";
import { SnapshotRules } from "./snapshot-rules.ts";

const DIRECT: LoginFacts = { nonce: Buffer.from("nonce"), connectionType: "STANDARD" };
const PROXIED: LoginFacts = { ...DIRECT, proxy: "a trusted key" };
const MODULE = { name: "module.js", timeoutMs: 1_000, authUsers: [] };
const CALLOUT = { issuer: "", account: "AUTH", authUsers: ["auth"], allowedAccounts: [] };
const ANN = { user: "ann", pass: "a" };

function rulesOf(auth: Partial<AuthSpec>, tokens?: TokenLogins): SnapshotRules {
  const specs: readonly AccountSpec[] = ["AUTH", "RED", "BLUE"].map((name) => ({ name }));
  const compiled = compileAccounts(specs, {});
  if (!compiled.ok) throw new Error(JSON.stringify(compiled.errors));
  // What rules read of a snapshot; limits and names of the server are the session's business.
  const snapshot = {
    auth: { users: [], tlsMap: false, ...auth },
    accounts: compiled.snapshot,
    listeners: [],
    operator: tokens && {},
  } satisfies Partial<BrokerSnapshot>;
  return new SnapshotRules(snapshot as unknown as BrokerSnapshot, tokens);
}

/** Tokens that judge those who were placed; none of them logs in here. */
class Tokens implements TokenLogins {
  readonly hasSentinel: boolean;
  readonly #verdict: TokenVerdict;
  readonly #now: Partial<Identity>;

  /** `now`: what is true of those who were placed since they were. */
  constructor(verdict: TokenVerdict["kind"], identity?: Identity, now: Partial<Identity> = {}) {
    this.#now = now;
    this.hasSentinel = identity !== undefined;
    this.#verdict =
      verdict === "ended"
        ? { kind: "ended", why: "account expired", detail: "it is gone" }
        : { kind: "granted", identity: identity as Identity };
  }

  begin(): LoginOutcome {
    return this.#verdict.kind === "granted"
      ? this.#verdict
      : { kind: "denied", reason: "token refused" };
  }

  finish(): LoginOutcome {
    return { kind: "denied", reason: "token refused" };
  }

  judgeAgain(identity: Identity): TokenVerdict {
    if (this.#verdict.kind === "ended") return this.#verdict;
    return { kind: "granted", identity: { ...identity, ...this.#now } };
  }

  knownEnd(): undefined {}
  follow(): void {}
  know(): void {}
}

function told(outcome: LoginOutcome | undefined): string {
  if (outcome?.kind === "denied") return outcome.reason;
  if (outcome?.kind !== "granted") return `waits for ${outcome?.wait.kind}`;
  return `in ${outcome.identity.accountName}`;
}

function byModule(user: CalloutUser): LoginAnswer {
  return { kind: "plugin", verdict: { kind: "user", user } };
}

/** A whole login with one question; `facts`: of the connection. */
function login(rules: SnapshotRules, answer: LoginAnswer, facts = DIRECT): string {
  const begun = beginBy(rules, ANN, facts);
  if (begun.kind !== "pending") return told(begun);
  expect(begun.wait.kind).toBe(answer.kind);
  return told(finishBy(rules, begun satisfies PendingLogin, answer, ANN, facts));
}

describe("AN-82: who is let in by an answer and has to come through a proxy", () => {
  const red = { accountName: "RED", name: "ann" };

  test.each([
    ["a module", rulesOf({ plugin: MODULE }), byModule],
    [
      "a callout service",
      rulesOf({ callout: CALLOUT }),
      (user: CalloutUser): LoginAnswer => ({ kind: "callout", user }),
    ],
  ])("said by %s", (_who, rules, answer) => {
    const bound = answer({ ...red, proxyRequired: true });
    expect(login(rules, bound)).toBe("proxy connection required");
    expect(login(rules, bound, PROXIED)).toBe("in RED");
    expect(login(rules, answer(red))).toBe("in RED");
    expect(login(rules, answer({ ...red, proxyRequired: false }))).toBe("in RED");
  });

  test("what a module leaves to the users of the configuration is bound as they are", () => {
    const users = [{ user: "ann", password: "a", account: "RED", proxyRequired: true }];
    const rules = rulesOf({ plugin: MODULE, users });
    const next: LoginAnswer = { kind: "plugin", verdict: { kind: "next" } };
    expect(login(rules, next)).toBe("proxy connection required");
    expect(login(rules, next, PROXIED)).toBe("in RED");
  });
});

describe("GP-14: where a module may place somebody", () => {
  const placed = (rules: SnapshotRules, accountName: string): string =>
    login(rules, byModule({ accountName, name: "ann" }));

  test("into accounts that are there", () => {
    const rules = rulesOf({ plugin: MODULE });
    const places = ["RED", "$G", "GREEN", ""].map((name) => placed(rules, name));
    expect(places).toEqual(["in RED", "in $G", "plugin refused", "plugin refused"]);
  });

  test("GP-1: into those with the mechanism static, where accounts have one", () => {
    const mixed = {
      accounts: [
        { name: "AUTH", mechanism: "static" },
        { name: "RED", mechanism: "static" },
        { name: "BLUE", mechanism: "callout" },
      ],
    } as const;
    const rules = rulesOf({ plugin: MODULE, mixed, callout: CALLOUT });
    expect(["RED", "BLUE", "$G"].map((name) => placed(rules, name))).toEqual([
      "in RED",
      "plugin refused",
      "plugin refused",
    ]);
  });

  test("SB-27: where accounts come by tokens, nobody into $G, nor where tokens would end it", () => {
    const rules = rulesOf({ plugin: MODULE }, new Tokens("granted"));
    expect(["RED", "$G"].map((name) => placed(rules, name))).toEqual(["in RED", "plugin refused"]);
    const ended = rulesOf({ plugin: MODULE }, new Tokens("ended"));
    expect(placed(ended, "RED")).toBe("plugin refused");
  });

  test("AN-65: what ended a placed user while his service was asked ends the login", () => {
    const user: CalloutUser = { accountName: "RED", name: "ann", permissions: undefined };
    const by = (verdict: TokenVerdict["kind"]): string => {
      const rules = rulesOf({}, new Tokens(verdict));
      const pending = {
        kind: "pending",
        wait: { kind: "callout", account: "AUTH", jwt: "" },
      } as const;
      return told(finishBy(rules, pending, { kind: "callout", user }, ANN, DIRECT));
    };
    expect([by("granted"), by("ended")]).toEqual(["in RED", "callout refused"]);
  });

  test("AN-65: rights that were narrowed while an answer waited are those he comes in with", () => {
    const spec = { publish: { deny: ["secret"] } };
    const now = { permissionsKey: "narrow", permissions: compilePermissions(spec) };
    const tokens = new Tokens("granted", undefined, now);
    const user: CalloutUser = { accountName: "RED", name: "ann", permissions: undefined };
    const callout = { kind: "callout", account: "AUTH", jwt: "" } as const;
    const outcomes = [
      finishBy(
        rulesOf({}, tokens),
        { kind: "pending", wait: callout },
        { kind: "callout", user },
        ANN,
        DIRECT,
      ),
      finishBy(
        rulesOf({ plugin: MODULE }, tokens),
        { kind: "pending", wait: { kind: "plugin" } },
        byModule(user),
        ANN,
        DIRECT,
      ),
    ];
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ kind: "granted", identity: { permissionsKey: "narrow" } });
    }
  });

  test("what it leaves to a server where nobody has to log in is refused", () => {
    const next: LoginAnswer = { kind: "plugin", verdict: { kind: "next" } };
    expect(login(rulesOf({ plugin: MODULE }), next)).toBe("credentials missing");
    const users = [{ user: "ann", password: "a", account: "RED" }];
    expect(login(rulesOf({ plugin: MODULE, users }), next)).toBe("in RED");
  });
});

describe("CP-32: who never sends CONNECT", () => {
  const users = [{ user: "guest", password: "g", account: "RED" }];
  const guest = { users, noAuthUser: "guest" };
  const isLetIn = (auth: Partial<AuthSpec>, tokens?: TokenLogins): boolean =>
    rulesOf(auth, tokens).anonymous(DIRECT) !== undefined;

  test("GP-14: with a module nobody goes on, with or without a guest", () => {
    for (const auth of [{}, guest]) {
      expect(isLetIn(auth)).toBe(true);
      expect(isLetIn({ ...auth, plugin: MODULE })).toBe(false);
      expect(rulesOf({ ...auth, plugin: MODULE }).authRequired).toBe(true);
    }
  });

  test("AN-54: a sentinel is for who sends CONNECT", () => {
    const { anonymous } = rulesOf({}).authenticator.table;
    const token = { text: "", name: "", tags: [], issuerKey: "", issuedAtSeconds: 0 };
    const sentinel = new Tokens("granted", { ...anonymous, kind: "jwt", token });
    expect(isLetIn({}, sentinel)).toBe(false);
    expect(isLetIn({ mixed: { accounts: [] } }, sentinel)).toBe(false);
    const mixed = { accounts: [{ name: "RED", mechanism: "static" as const }] };
    expect(isLetIn({ ...guest, mixed }, sentinel)).toBe(true);
  });
});
