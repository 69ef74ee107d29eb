// Where the answers of services may put somebody, as the worker that asked looks at it again (GP-1,
// SA-29): control has looked as well, and either look alone has to be enough.
import { describe, expect, test } from "vitest";
import { CalloutUsers } from "./callout.ts";
import type { LoginFacts, LoginOutcome } from "./identity.ts";
import { StaticAuthenticator } from "./login.ts";
import { Mechanisms } from "./mechanisms.ts";
import { MixedLogins } from "./mixed-logins.ts";
import { PluginGate } from "./plugin-gate.ts";

const FACTS: LoginFacts = { nonce: Buffer.alloc(0), connectionType: "STANDARD" };
const MIXED = {
  accounts: [
    { name: "PLAIN", key: "PLAIN-KEY", mechanism: "static" },
    { name: "SERVED", key: "SERVED-KEY", mechanism: "callout" },
  ],
} as const;

function told(outcome: LoginOutcome | undefined): string {
  if (outcome?.kind === "denied") return outcome.reason;
  return outcome?.kind === "granted" ? `in ${outcome.identity.accountName}` : "waits";
}

describe("SA-29: the worker looks again at where a service places users", () => {
  const callout = { issuer: "", account: "PLAIN", authUsers: [], allowedAccounts: [] };
  const authenticator = new StaticAuthenticator({ users: [], tlsMap: false, callout });
  const mechanisms = new Mechanisms(MIXED);
  const logins = new MixedLogins({ authenticator, mechanisms, tokens: undefined });

  /** `jwt`: the token that the service was shown; "" = it is the service of the configuration. */
  function placed(jwt: string, accountName: string): string {
    const account = jwt === "" ? "PLAIN" : "A-TOKEN";
    const wait = { kind: "callout", account, jwt } as const;
    const user = { accountName, name: "u" };
    return told(logins.finish(wait, { kind: "callout", user }, { user: "u" }, FACTS));
  }

  test.each([
    ["the configuration's", "", "SERVED", "in SERVED"],
    ["the configuration's", "", "SERVED-KEY", "in SERVED-KEY"],
    ["the configuration's", "", "PLAIN", "mechanism not allowed"],
    ["the configuration's", "", "A-TOKEN", "mechanism not allowed"],
    ["that of an account by token", "e.y.J", "A-TOKEN", "in A-TOKEN"],
    ["that of an account by token", "e.y.J", "A-OTHER", "in A-OTHER"],
    ["that of an account by token", "e.y.J", "PLAIN", "mechanism not allowed"],
    ["that of an account by token", "e.y.J", "PLAIN-KEY", "mechanism not allowed"],
    ["that of an account by token", "e.y.J", "SERVED", "mechanism not allowed"],
    ["that of an account by token", "e.y.J", "SERVED-KEY", "mechanism not allowed"],
  ])("%s (token %j) into %s: %s", (_service, jwt, account, expected) => {
    expect(placed(jwt, account)).toBe(expected);
  });

  test("an answer that is none of a service lets nobody in", () => {
    const wait = { kind: "callout", account: "PLAIN", jwt: "" } as const;
    const hash = { kind: "hash", matches: true } as const;
    expect(told(logins.finish(wait, hash, {}, FACTS))).toBe("answer unexpected");
  });

  test("SA-29: who is asked about in vain stays refused, whatever the service says", () => {
    const refusal = { kind: "denied", reason: "password wrong" } as const;
    const wait = { kind: "callout", account: "PLAIN", jwt: "", refusal } as const;
    const user = { accountName: "SERVED", name: "u" };
    expect(logins.finish(wait, { kind: "callout", user }, {}, FACTS)).toBe(refusal);
  });
});

test("GP-14: a module places nobody where the worker says that there is no place", () => {
  const gate = new PluginGate({ name: "m", timeoutMs: 1, authUsers: [] }, new CalloutUsers(), "");
  const asked: string[] = [];
  const place = (isThere: boolean): string => {
    const verdict = { kind: "user", user: { accountName: "RED", name: "u" } } as const;
    const has = (name: string): boolean => asked.push(name) > 0 && isThere;
    return told(gate.finish({ kind: "plugin", verdict }, {}, has));
  };
  expect([place(true), place(false)]).toEqual(["in RED", "plugin refused"]);
  expect(asked).toEqual(["RED", "RED"]);
});
