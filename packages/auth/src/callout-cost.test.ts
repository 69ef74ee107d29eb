// What a refusal costs where users of the configuration and a callout service stand together (attack
// 29): the same steps, in whatever order, for a name that is known and one that is not.
import { describe, expect, test } from "vitest";
import { afterCallout, CalloutGate, CalloutUsers } from "./callout.ts";
import type { LoginFacts, LoginOutcome, LoginRequest } from "./identity.ts";
import { StaticAuthenticator } from "./login.ts";
import type { UserSpec } from "./spec.ts";

const HASH = "$2a$11$W2zko751KUvVy59mUTWmpOdWjpEm5qhcCZRd05GjI/sSOT.xtiHyG";
const facts: LoginFacts = { nonce: Buffer.alloc(0), connectionType: "STANDARD" };

const USERS: readonly UserSpec[] = [
  { user: "auth", password: HASH, account: "AUTH" },
  { user: "hashed", password: HASH, account: "FIXED" },
  { user: "plain", password: "p", account: "FIXED" },
  { user: "served-hashed", password: HASH, account: "APP" },
  { user: "served-plain", password: "p", account: "APP" },
];

/** What is waited for until the login is decided; the service lets `welcome` in, nobody fits a hash. */
function stepsOf(request: LoginRequest, users = USERS, authUsers = ["auth"]): string {
  const callout = { issuer: "", account: "AUTH", authUsers, allowedAccounts: ["APP"] };
  const authenticator = new StaticAuthenticator({ users, callout, tlsMap: false });
  const gate = new CalloutGate(callout);
  const placed = new CalloutUsers();
  const steps: string[] = [];
  let outcome: LoginOutcome = gate.follow(authenticator.begin(request, facts), request);
  while (outcome.kind === "pending") {
    const { wait } = outcome;
    expect(steps.length).toBeLessThan(3);
    steps.push(wait.kind === "hash" ? `hash ${wait.stored.slice(0, 7)}` : wait.kind);
    if (wait.kind === "callout") {
      const user = request.user === "welcome" ? { accountName: "APP", name: "" } : undefined;
      const kind = "callout" as const;
      const answer = user === undefined ? { kind, reason: "no" } : { kind, user };
      outcome = afterCallout(placed.finish(wait, answer, request), wait);
    } else if (wait.kind === "hash" && wait.refusal !== undefined) outcome = wait.refusal;
    else {
      const next = authenticator.finish(wait, { kind: "hash", matches: false });
      outcome = gate.follow(next, request);
    }
  }
  return `${steps.sort().join(", ")}: ${outcome.kind}`;
}

describe("attack 29: static users and a callout service", () => {
  const wrong = (user: string): string => stepsOf({ user, pass: "wrong" });

  test("every refused name costs one question and one hash", () => {
    const names = ["nobody", "hashed", "plain", "served-hashed", "served-plain"];
    for (const name of names) {
      expect([name, wrong(name)]).toEqual([name, "callout, hash $2a$11$: denied"]);
    }
    expect(stepsOf({ authToken: "t" })).toBe("callout, hash $2a$11$: denied");
  });

  test("who is let in by the service pays for no hash, nor does who sends nothing", () => {
    expect(wrong("welcome")).toBe("callout: granted");
    expect(stepsOf({})).toBe("callout: denied");
  });

  test("without hashes nobody pays for one", () => {
    const plain = USERS.map((user) => ({ ...user, password: "p" }));
    for (const user of ["nobody", "hashed", "served-plain"]) {
      expect(stepsOf({ user, pass: "wrong" }, plain)).toBe("callout: denied");
    }
  });

  test("a name in auth_users costs what others cost, and nobody else's answer lets it in", () => {
    expect(wrong("auth")).toBe("callout, hash $2a$11$: denied");
    const plain = USERS.map((user) => ({ ...user, password: "p" }));
    expect(stepsOf({ user: "auth", pass: "wrong" }, plain)).toBe("callout: denied");
    expect(stepsOf({ user: "auth", pass: "p" }, plain)).toBe(": granted");
    const welcome = [...plain, { user: "welcome", password: "p", account: "AUTH" }];
    expect(stepsOf({ user: "welcome", pass: "wrong" }, welcome, ["welcome"])).toBe(
      "callout: denied",
    );
  });

  test("AN-82: so does a name that has to come through a proxy, whatever the password", () => {
    const bound = USERS.map((user) => ({ ...user, proxyRequired: true }));
    for (const user of ["auth", "hashed", "plain", "served-plain"]) {
      expect([user, stepsOf({ user, pass: "p" }, bound)]).toEqual([
        user,
        "callout, hash $2a$11$: denied",
      ]);
    }
    const welcome = [{ user: "welcome", password: "p", account: "APP", proxyRequired: true }];
    expect(stepsOf({ user: "welcome", pass: "p" }, welcome)).toBe("callout: denied");
  });

  test("AN-68: naming one of them beside does not spare anybody else the question", () => {
    const beside = { nkey: "auth" };
    expect(stepsOf({ user: "served-plain", pass: "p", ...beside })).toBe("callout: denied");
    expect(stepsOf({ user: "served-hashed", pass: "p", ...beside })).toBe(
      "callout, hash $2a$11$: denied",
    );
    expect(stepsOf({ user: "plain", pass: "p", ...beside })).toBe(": granted");
  });
});
